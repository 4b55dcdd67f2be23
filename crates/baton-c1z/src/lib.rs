//! The .c1z file: write, read, query, clean up.

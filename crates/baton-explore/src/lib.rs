//! Reading .c1z files for people.

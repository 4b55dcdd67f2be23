//! The sync engine: a plan that survives, many fetches, one writer, one sealed file.

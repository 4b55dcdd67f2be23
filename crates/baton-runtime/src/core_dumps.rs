//! Core dumps: switched off, because the memory of a connector holds credentials.

/// Keeps this process from leaving core dumps. The limit that it could be raised to stays as it is.
#[cfg(unix)]
pub(crate) fn disable() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    // In bytes. Linux hands dumps to the program in `kernel.core_pattern` whatever the limit, even 0; 1 is the value that
    // stops that too, and no dump fits into it.
    const SMALLEST: u64 = if cfg!(target_os = "linux") { 1 } else { 0 };
    let maximum = getrlimit(Resource::Core).maximum;
    let current = maximum.map_or(SMALLEST, |maximum| maximum.min(SMALLEST));
    // Lowering a limit is always allowed.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(current), maximum });
}

#[cfg(not(unix))]
pub(crate) fn disable() {}

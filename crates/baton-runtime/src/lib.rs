//! How a connector runs: command line, configuration, logs, progress, one-shot operations.

//! Why service mode ended.

use baton_connector::Code;

/// Why service mode ended, other than because it was told to. The texts say what to do next and hold no secret.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ServiceError {
    /// Client id or client secret have not the form of one.
    #[error("{0}")]
    Credentials(String),
    /// C1 does not let this client in.
    #[error("{0}")]
    Refused(String),
    /// C1 does not take the Hello of this connector.
    #[error("C1 refused the Hello of this connector: {message}\nhint: {hint}")]
    Hello {
        /// The code of C1's answer.
        code: Code,
        /// What it says.
        message: String,
        /// What to do.
        hint: &'static str,
    },
    /// The health server cannot listen.
    #[error(
        "cannot listen at {address} for health checks: {reason}\nhint: choose another port with --health-check-port"
    )]
    Health {
        /// Where.
        address: String,
        /// What the system says.
        reason: String,
    },
    /// The working folder cannot be used.
    #[error("cannot use the folder {path} for working data: {reason}\nhint: name another with --c1z-temp-dir")]
    Folder {
        /// Which.
        path: String,
        /// What the system says.
        reason: String,
    },
    /// No HTTPS client can be made of this machine's settings.
    #[error("no HTTPS client can be made: {0}\nhint: check the machine's CA certificates, SSL_CERT_FILE and the proxy")]
    Network(String),
    /// A setting is wrong.
    #[error("{0}")]
    Setting(String),
}

impl ServiceError {
    /// The gRPC status code that fits, which is also the exit code of the program.
    #[must_use]
    pub fn code(&self) -> u8 {
        match self {
            Self::Refused(_) => Code::Unauthenticated.number(),
            Self::Hello { code, .. } => code.number(),
            Self::Credentials(_) | Self::Health { .. } | Self::Folder { .. } | Self::Network(_) | Self::Setting(_) => {
                Code::Unknown.number()
            }
        }
    }
}

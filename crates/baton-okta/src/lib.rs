//! ConductorOne's Okta connector.

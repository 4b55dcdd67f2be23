//! A simulated Okta org over HTTPS.

//! A paced, lenient client of the Okta Management API.

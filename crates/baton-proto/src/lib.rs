//! The Baton wire messages and their JSON form.

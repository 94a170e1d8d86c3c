//! The one factory of HTTP clients: rustls, deadlines, no redirects unless asked.

//! What all steps of reading hand on.

use std::io::BufRead;

/// What is read line by line.
pub(crate) type Reader = Box<dyn BufRead + Send>;

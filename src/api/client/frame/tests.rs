//! Frames are what a reader of server-sent events takes apart again.

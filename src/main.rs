//! The `handclasp` program: one binary for the daemon, its administration, and its use.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    handclasp::cli::run()
}

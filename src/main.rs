//! The `handclasp` program: one binary for the daemon, its administration, and its use.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    handclasp::cli::run()
}

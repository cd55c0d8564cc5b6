//! Two whole daemons in turmoil: crashes, partitions, delays, clock jumps, toggled grants. Seeded and reproducible.
//!
//! `HANDCLASP_SIM_SEEDS=1000` runs more seeds, `HANDCLASP_SIM_FIRST=7` begins with another one.

mod calls;
mod cluster;
mod invariants;
mod network;
mod ops;
mod retention;

use std::ops::Range;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn run_all(seeds: Range<u64>) {
    for seed in seeds {
        let outcome = std::panic::catch_unwind(|| cluster::run(seed, ops::STEPS));
        if let Err(panic) = outcome {
            eprintln!("seed {seed} broke an invariant; again with HANDCLASP_SIM_FIRST={seed} HANDCLASP_SIM_SEEDS=1");
            std::panic::resume_unwind(panic);
        }
    }
}

/// Two tests side by side, one for each core.
#[test]
fn even_seeds_keep_the_invariants() {
    let first = number("HANDCLASP_SIM_FIRST", 0);
    let half = number("HANDCLASP_SIM_SEEDS", 50).div_ceil(2);
    run_all(first..first + half);
}

#[test]
fn odd_seeds_keep_the_invariants() {
    let seeds = number("HANDCLASP_SIM_SEEDS", 50);
    let first = number("HANDCLASP_SIM_FIRST", 0) + seeds.div_ceil(2);
    run_all(first..first + seeds / 2);
}

//! What a process gives up before it reads a PDF of anybody.

use anyhow::Context;
use rustix::process::{Resource, Rlimit, nice, setrlimit};

/// The greatest memory of the process, in bytes, with the program itself and what it may never use.
const MAX_MEMORY: u64 = 512 * 1024 * 1024;
/// For how long it may compute, in seconds.
const MAX_CPU_SECONDS: u64 = 5;
/// By how much it is nicer to others than the process that started it. It then gets a third of what they get.
const NICER: i32 = 5;

/// Bounds the memory and the time of this process, and keeps it from opening and writing files, from starting
/// processes, and from leaving its memory on the disk when it fails. Others get the processors first, and it is the
/// first that the system ends when memory is short.
///
/// # Errors
/// If the system does not do one of these. Then nothing of anybody should be read.
pub fn confine() -> anyhow::Result<()> {
    // Only Linux has this file.
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    nice(NICER).context("cannot wait for others")?;
    for (resource, most) in [
        (Resource::As, MAX_MEMORY),
        (Resource::Cpu, MAX_CPU_SECONDS),
        (Resource::Core, 0),
        (Resource::Fsize, 0),
        (Resource::Nproc, 0),
        // What is open stays open.
        (Resource::Nofile, 0),
    ] {
        let limit = Rlimit { current: Some(most), maximum: Some(most) };
        setrlimit(resource, limit).with_context(|| format!("cannot limit {resource:?}"))?;
    }
    Ok(())
}

//! What `scripts/performance` measures with still fits the program. Its stub homeserver has to answer
//! everything that a start and a room ask for, and its questions about the database have to work.

use std::process::Command;

#[test]
fn the_program_makes_a_room_and_a_record_behind_the_stub_homeserver() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/performance");
    let program = env!("CARGO_BIN_EXE_tallyroom");
    let output = Command::new(script).args(["check", "--program", program]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

#[test]
fn its_tables_are_written_and_its_runs_are_ended_as_they_should_be() {
    let mut tests = Command::new("python3");
    tests.args(["-B", "-m", "unittest", "discover", "-s", "performance", "-t", "."]);
    tests.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/benches"));
    let output = tests.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

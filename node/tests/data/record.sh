#!/bin/sh
# Records the evidence that the verdict's tests judge: natively, and under user-mode QEMU.
# To be run on the machine described in verdict_machine/mod.rs after every change to the evidence's
# form or to what a challenge seeds; the tests fail until then.
set -eu
cd "$(dirname "$0")/../../.."
cargo build --release -p test-rigs --example drive_prober
prober=${CARGO_TARGET_DIR:-target}/release/examples/drive_prober
"$prober" >node/tests/data/evidence-zen5-kvm.json
qemu-x86_64-static -L / "$prober" quick >node/tests/data/evidence-qemu72-user.json

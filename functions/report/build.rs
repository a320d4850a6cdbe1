//! `include_dir!` does not tell cargo about files that are added later: this does.

fn main() {
    println!("cargo:rerun-if-changed=reports");
}

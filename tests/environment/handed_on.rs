//! `local/environment.mk`: what reaches a recipe of the environment that `make` was called in.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use local::project_root;

type Environment = BTreeMap<String, String>;

/// What a recipe of `goal` finds, if `make` was called in `called_in`; the path is the test's own.
fn handed_on(goal: &str, called_in: &[(&str, &str)]) -> Environment {
    let folder = tempfile::tempdir().unwrap();
    let makefile = folder.path().join("Makefile");
    fs::write(&makefile, "include local/environment.mk\nup deploy .doctor:\n\t@env -0\n").unwrap();
    let output = Command::new("make")
        .args(["--silent", "--file"])
        .arg(&makefile)
        .arg(goal)
        .current_dir(project_root())
        .env_clear()
        .env("PATH", env::var_os("PATH").unwrap())
        .env("HOME", env::var_os("HOME").unwrap())
        .envs(called_in.iter().copied())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8(output.stdout).unwrap();
    let variables = printed.split_terminator('\0').filter_map(|line| line.split_once('='));
    variables.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[test]
fn what_changes_a_build_or_a_program_is_not_handed_on() {
    let names = [
        "AWS_PROFILE",
        "AWS_ENDPOINT_URL_S3",
        "SAM_USE_CONTAINER",
        "JAVA_HOME",
        "JAVA_TOOL_OPTIONS",
        "CLASSPATH",
        "KAFKA_OPTS",
        "PYTHONHOME",
        "PYTHONPATH",
        "PYTHONWARNINGS",
        "PIP_TARGET",
        "PIP_REQUIRE_VIRTUALENV",
        "VIRTUAL_ENV",
        "CONDA_PREFIX",
        "CARGO_BUILD_TARGET",
        "CARGO_PROFILE_DEV_OPT_LEVEL",
        "CARGO_ENCODED_RUSTFLAGS",
        "RUSTC",
        "CC",
        "CXX",
        "CFLAGS",
        "LDFLAGS",
        "OPENSSL_DIR",
        "PKG_CONFIG_PATH",
        "LD_LIBRARY_PATH",
        "LD_PRELOAD",
        "LANG",
        "LANGUAGE",
        "LC_MESSAGES",
        "TZ",
        "BASH_ENV",
        "ENV",
        "CDPATH",
        "GREP_OPTIONS",
        "POSIXLY_CORRECT",
        "DOCKER_HOST",
        "GATEWAY_PORT",
        "LAMBDA_EXECUTOR",
        "PRODUCER_RATE",
        "KAFKA_PARTITIONS",
        "GIT_DIR",
        "NODE_OPTIONS",
        "MAKEFILES",
        "BASH_FUNC_cd%%",
        "ProgramFiles(x86)",
        "of.nobody",
        "MAKEFLAGS",
    ];
    let set: Vec<_> = names.iter().map(|name| (*name, if *name == "MAKEFLAGS" { "-k" } else { "" })).collect();
    let found = handed_on("up", &set);
    let left: Vec<_> = names.iter().filter(|name| found.contains_key(**name)).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn the_way_to_the_registries_and_what_is_said_to_the_project_are_handed_on() {
    let kept = [
        ("HTTPS_PROXY", "http://me:pa$$word$(x)@proxy:8080"),
        ("all_proxy", "http://proxy:8080"),
        ("PIP_INDEX_URL", "https://host/simple"),
        ("PIP_FIND_LINKS", "/opt/wheels"),
        ("CARGO_REGISTRIES_CORP_INDEX", "sparse+https://host/index/"),
        ("CARGO_HTTP_CAINFO", "/"),
        ("MAVEN_MIRROR", "https://host/maven"),
        ("SSL_CERT_FILE", "/"),
        ("RUSTUP_TOOLCHAIN", "stable"),
        ("KAFKA_BOOTSTRAP_SERVERS", "broker:9092"),
        ("DATA", "/home/me/my bars.csv"),
        ("TERM", "dumb"),
    ];
    let found = handed_on("up", &kept);
    for (name, value) in kept {
        assert_eq!(found.get(name).map(String::as_str), Some(value), "{name}");
    }
}

#[test]
fn what_is_set_here_counts_whatever_the_user_sets() {
    let names = [
        "CARGO_TARGET_DIR",
        "RUSTFLAGS",
        "RUSTC_WRAPPER",
        "LC_ALL",
        "PIP_USER",
        "AWS_CONFIG_FILE",
        "AWS_DEFAULT_REGION",
        "PYTHON",
        "CXX",
    ];
    let set: Vec<_> = names.iter().map(|name| (*name, "/of/the/user")).collect();
    let (found, without) = (handed_on("up", &set), handed_on("up", &[]));
    for name in names {
        assert_eq!(found.get(name), without.get(name), "{name}");
    }
    assert_eq!(found["RUSTC_WRAPPER"], "");
    assert_eq!(found["AWS_CONFIG_FILE"], "/dev/null");
}

#[test]
fn what_works_on_an_account_has_all_that_its_credentials_may_need() {
    let set = [
        ("AWS_PROFILE", "corp"),
        ("AWS_REGION", "eu-west-3"),
        ("OKTA_TOKEN", "x"),
        ("PYTHONPATH", "/x"),
        ("PYTHONHOME", "/x"),
    ];
    for goal in ["deploy", ".doctor"] {
        let found = handed_on(goal, &set);
        for (name, value) in &set[..3] {
            assert_eq!(found.get(*name).map(String::as_str), Some(*value), "{goal}: {name}");
        }
        assert!(!found.contains_key("PYTHONPATH") && !found.contains_key("PYTHONHOME"), "{goal}");
        assert!(!found.contains_key("AWS_CONFIG_FILE"), "{goal}");
    }
    let local = handed_on("up", &set);
    assert!(!local.contains_key("AWS_PROFILE") && !local.contains_key("OKTA_TOKEN"));
    assert_eq!(local["AWS_CONFIG_FILE"], "/dev/null");
}

#[test]
fn no_proxy_is_asked_for_this_machine_and_the_users_own_exceptions_stay() {
    let of = |set: &[(&str, &str)]| {
        let found = handed_on("up", set);
        assert_eq!(found["NO_PROXY"], found["no_proxy"]);
        found["no_proxy"].clone()
    };
    assert_eq!(of(&[]), "127.0.0.1,localhost");
    assert_eq!(
        of(&[("NO_PROXY", ".corp.example, 10.0.0.0/8"), ("no_proxy", "host")]),
        ".corp.example,10.0.0.0/8,127.0.0.1,host,localhost"
    );
}

#[test]
fn a_folder_for_temporary_files_that_is_of_no_use_gives_way() {
    let folder = tempfile::tempdir().unwrap();
    let spaced = folder.path().join("with space");
    fs::create_dir(&spaced).unwrap();
    let of = |folder: &str| handed_on("up", &[("TMPDIR", folder)])["TMPDIR"].clone();
    assert_eq!(of(folder.path().to_str().unwrap()), folder.path().to_str().unwrap());
    for useless in [spaced.to_str().unwrap(), "/no/such/folder", "/dev/null", "relative", ""] {
        assert_eq!(of(useless), "/tmp", "{useless}");
    }
}

#[test]
fn a_home_that_is_not_there_gives_way_and_one_that_cannot_be_written_is_spared() {
    let project = project_root().to_str().unwrap();
    for missing in ["/no/such/home", ""] {
        let found = handed_on("up", &[("HOME", missing)]);
        assert!(Path::new(&found["HOME"]).is_dir(), "{missing}: {}", found["HOME"]);
    }
    // Nobody can write there, root neither.
    let found = handed_on("up", &[("HOME", "/proc")]);
    assert_eq!(found["HOME"], "/proc");
    assert_eq!(found["CARGO_HOME"], format!("{project}/target/cargo"));
    assert_eq!(found["XDG_CACHE_HOME"], format!("{project}/target/cache"));

    let home = tempfile::tempdir().unwrap();
    let home = home.path().to_str().unwrap();
    let found = handed_on("up", &[("HOME", home)]);
    assert_eq!(found["CARGO_HOME"], format!("{home}/.cargo"));
}

#[test]
fn certificates_that_are_gone_are_not_looked_for() {
    let folder = tempfile::tempdir().unwrap();
    let there = folder.path().join("ca.pem");
    fs::write(&there, "").unwrap();
    let there = there.to_str().unwrap();
    let gone = [("SSL_CERT_FILE", "/no/such/ca.pem"), ("PIP_CERT", "/no/such/ca.pem"), ("REQUESTS_CA_BUNDLE", there)];
    let found = handed_on("up", &gone);
    assert!(!found.contains_key("SSL_CERT_FILE") && !found.contains_key("PIP_CERT"));
    assert_eq!(found["REQUESTS_CA_BUNDLE"], there);
}

/// The one in the home folder, which no variable can hide: it says how to reach the registries, too.
#[test]
fn a_cargo_configuration_does_not_change_what_is_built() {
    let folder = tempfile::tempdir().unwrap();
    let (home, package) = (folder.path().join("cargo"), folder.path().join("package"));
    fs::create_dir_all(package.join("src")).unwrap();
    fs::create_dir(&home).unwrap();
    let configuration =
        "[build]\nrustc-wrapper = \"/no/such/sccache\"\nrustflags = [\"--no-such-flag\"]\ntarget-dir = \"/proc/x\"\n";
    fs::write(home.join("config.toml"), configuration).unwrap();
    fs::write(package.join("Cargo.toml"), "[package]\nname = \"tiny\"\nedition = \"2024\"\n[workspace]\n").unwrap();
    fs::write(package.join("src/lib.rs"), "").unwrap();
    let mut environment = handed_on("up", &[("CARGO_HOME", home.to_str().unwrap()), ("CARGO_TARGET_DIR", "/proc/y")]);
    assert_eq!(environment["CARGO_TARGET_DIR"], project_root().join("target").to_str().unwrap());
    environment.insert("CARGO_TARGET_DIR".to_owned(), folder.path().join("target").to_str().unwrap().to_owned());
    // rustup's own folder is that of the test.
    for name in ["RUSTUP_HOME", "RUSTUP_TOOLCHAIN"] {
        environment.extend(env::var(name).map(|value| (name.to_owned(), value)));
    }
    let check =
        Command::new("cargo").arg("check").current_dir(&package).env_clear().envs(environment).output().unwrap();
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
}

#[test]
fn a_python_that_is_too_old_or_broken_gives_way_to_another() {
    let folder = tempfile::tempdir().unwrap();
    let program = |name: &str, text: &str| {
        let file = folder.path().join(name);
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        file.to_str().unwrap().to_owned()
    };
    program("python3", "#!/bin/sh\necho 2.7; exit 1\n");
    let path = format!("{}:{}", folder.path().display(), env::var("PATH").unwrap());
    let found =
        handed_on("up", &[("PATH", &path), ("PYTHON", "/usr/bin/python2"), ("PYTHONHOME", "/no/such/home")])["PYTHON"]
            .clone();
    assert!(!found.starts_with(folder.path().to_str().unwrap()) && found.contains("/python3"), "{found}");
}

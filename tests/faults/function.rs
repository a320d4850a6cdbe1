//! The deployed function from outside: where it looks for S3, and the processes that run it.

use std::fs;
use std::net::SocketAddr;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use local::Stack;
use tests::ingest_environment_with;

/// Has `ingest` call S3 at `address`, in processes that are started from now on, and end after `timeout_s` seconds.
pub(crate) async fn configure(stack: &Stack, address: SocketAddr, timeout_s: i32) -> Result<()> {
    let (lambda, name) = (&stack.aws().lambda, &stack.outputs().ingest_function);
    // The emulator sets AWS_ENDPOINT_URL itself; the one for the service counts for more.
    let (environment, _) = ingest_environment_with(stack, "AWS_ENDPOINT_URL_S3", format!("http://{address}")).await?;
    lambda
        .update_function_configuration()
        .function_name(name)
        .environment(environment)
        .timeout(timeout_s)
        .send()
        .await
        .context("cannot lead the function through the proxy")?;
    Ok(())
}

/// `kill -9` of the process that has the connection `client` -> `server`.
pub(crate) fn kill(client: SocketAddr, server: SocketAddr) -> Result<()> {
    let process = process_of(client, server)?;
    let status = Command::new("kill").args(["-9", &process.to_string()]).status().context("cannot run kill")?;
    ensure!(status.success(), "cannot kill the function's process {process}");
    Ok(())
}

fn process_of(client: SocketAddr, server: SocketAddr) -> Result<u32> {
    let (local, remote) = (format!(":{:04X}", client.port()), format!(":{:04X}", server.port()));
    let connections = fs::read_to_string("/proc/net/tcp").context("cannot read /proc/net/tcp")?;
    let socket = connections
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .find(|fields| fields[1].ends_with(&local) && fields[2].ends_with(&remote))
        .and_then(|fields| Some(format!("socket:[{}]", fields.get(9)?)))
        .with_context(|| format!("nobody has the connection {client} -> {server}"))?;
    let owns = |process: &u32| {
        let files = fs::read_dir(format!("/proc/{process}/fd")).into_iter().flatten().flatten();
        files.filter_map(|file| fs::read_link(file.path()).ok()).any(|target| target.to_string_lossy() == socket)
    };
    fs::read_dir("/proc")?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .find(owns)
        .with_context(|| format!("no process has the connection {client} -> {server}"))
}

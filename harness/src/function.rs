//! Lambda's side: the runtime API, and the function's process in the environment that it would have on AWS.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::http::{Answer, Request, Server};

/// More than any answer takes.
const PATIENCE: Duration = Duration::from_mins(5);
/// How often it is looked whether the process is still there.
const LOOK: Duration = Duration::from_millis(20);

/// A running function; it ends with this value.
#[derive(Debug)]
pub struct Function {
    process: Child,
    asked: Receiver<Instant>,
    events: Sender<String>,
    results: Receiver<Result<String, String>>,
    started: Instant,
}

impl Function {
    /// Starts what was built for this resource of the template, with these variables besides those that Lambda sets.
    pub fn start(resource: &str, variables: &[(&str, &str)]) -> Self {
        Self::start_program(&bootstrap(resource), resource, variables, None)
    }

    /// Starts this program as the function of that name. What it writes goes to the file, or nowhere.
    pub fn start_program(program: &Path, name: &str, variables: &[(&str, &str)], log: Option<&File>) -> Self {
        Self::start_command(Command::new(program), name, variables, log)
    }

    /// Starts this command, which may be a program with arguments.
    pub fn start_command(mut command: Command, name: &str, variables: &[(&str, &str)], log: Option<&File>) -> Self {
        let (asking, asked) = mpsc::channel();
        let (events, to_hand_out) = mpsc::channel::<String>();
        let (answering, results) = mpsc::channel();
        let to_hand_out = Arc::new(Mutex::new(to_hand_out));
        let runtime_api = Server::start(move |request: Request| {
            let mut headers = Vec::new();
            let mut body = Vec::new();
            if request.path.ends_with("/invocation/next") {
                let _ = asking.send(Instant::now());
                // Until there is an event, or the function has been ended and nobody reads the answer.
                body = to_hand_out.lock().unwrap().recv().unwrap_or_default().into_bytes();
                headers = invocation();
            } else {
                let text = String::from_utf8(request.body).unwrap();
                let result = if request.path.ends_with("/response") { Ok(text) } else { Err(text) };
                let _ = answering.send(result);
            }
            Answer { status: 200, headers, body }
        });
        let output = || log.map_or_else(Stdio::null, |file| file.try_clone().unwrap().into());
        command
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", runtime_api.address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", name)
            .envs(ENVIRONMENT)
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(output())
            .stderr(output());
        let started = Instant::now();
        let process = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        Self { process, asked, events, results, started }
    }

    /// From the start of the process to its first request for work.
    pub fn until_ready(&self) -> Duration {
        let asked = self.asked.recv_timeout(PATIENCE).expect("the function asks for work");
        asked - self.started
    }

    /// Invokes it: what it answers, or the error that it reports.
    pub fn invoke(&mut self, event: String) -> Result<String, String> {
        self.begin(event);
        self.end()
    }

    /// Hands over an event, without waiting for the answer.
    pub fn begin(&self, event: String) {
        self.events.send(event).unwrap();
    }

    /// The answer to what was begun, or the error that it reports.
    pub fn end(&mut self) -> Result<String, String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.results.recv_timeout(LOOK) {
                Ok(result) => return result,
                Err(_) => assert!(Instant::now() < deadline, "the function does not answer"),
            }
            if let Some(status) = self.process.try_wait().unwrap() {
                return Err(format!("the process has ended: {status}"));
            }
        }
    }

    /// The process.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// The most memory that the process has had so far, in bytes.
    pub fn peak_memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        peak.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() << 10
    }

    /// How long processors have worked for the process so far, and the kernel for it.
    pub fn processor_time(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.id())).unwrap();
        let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
        let hundredths: u64 = fields[11..13].iter().map(|ticks| ticks.parse::<u64>().unwrap()).sum();
        Duration::from_millis(hundredths * 10)
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The functions: resources of the template.
pub const FUNCTIONS: [&str; 4] = ["IngestFunction", "CrawlFunction", "CompactFunction", "ReportFunction"];

/// No function may have so many bytes: a cold start fetches and maps the whole file.
pub const TOO_LARGE: usize = 9 << 20;

/// What `make` built for this resource of the template, in the release profile.
pub fn bootstrap(resource: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/sam").join(resource);
    folder.canonicalize().unwrap_or(folder).join("bootstrap")
}

/// How ingest's memory is managed, as template.yaml says: the name of a variable, and its value.
pub fn tunables() -> (&'static str, String) {
    const NAME: &str = "GLIBC_TUNABLES";
    let template = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml")).unwrap();
    let value = template.lines().find_map(|line| line.trim().strip_prefix(NAME)?.strip_prefix(": "));
    (NAME, value.expect("template.yaml has it").to_owned())
}

const ENVIRONMENT: [(&str, &str); 10] = [
    ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
    ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
    ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
    ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
    ("AWS_LAMBDA_LOG_LEVEL", "INFO"),
    ("AWS_REGION", "eu-central-1"),
    ("AWS_ACCESS_KEY_ID", "benchmark"),
    ("AWS_SECRET_ACCESS_KEY", "benchmark"),
    ("AWS_SESSION_TOKEN", "benchmark"),
    ("TZ", ":UTC"),
];

fn invocation() -> Vec<(&'static str, String)> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    vec![
        ("content-type", "application/json".to_owned()),
        ("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned()),
        ("lambda-runtime-deadline-ms", (now + PATIENCE).as_millis().to_string()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-central-1:123456789012:function:ingest".to_owned()),
        ("lambda-runtime-trace-id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700".to_owned()),
    ]
}

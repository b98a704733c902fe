//! `bailey init`, and opening a data directory for whatever needs one.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use bailey_control::{Control, DemoKey, Founded, Parts, Recorder};
use bailey_domain::Entropy;
use bailey_store::{Location, MasterKey, Store};
use serde_json::json;
use tokio::sync::{mpsc, oneshot};

use crate::system::{SystemClock, SystemEntropy, print, say};

/// `bailey init`
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The data directory: database, master key and lock. Made when it is not there.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// A PostgreSQL URL instead of the SQLite file in the data directory.
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// The account's name.
    #[arg(long, value_name = "NAME", default_value = "default")]
    account_name: String,
    /// Make one more account in an installation that has some.
    #[arg(long)]
    additional: bool,
    /// Print the account as one JSON object.
    #[arg(long)]
    json: bool,
}

/// Where an installation keeps what it keeps.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) data: PathBuf,
    pub(crate) database: Option<String>,
    pub(crate) database_file: Option<PathBuf>,
    pub(crate) master_key_file: Option<PathBuf>,
}

/// An open installation.
pub(crate) struct Opened {
    pub(crate) control: Control,
    pub(crate) store: Store,
    /// Requests to write what the gateway recorded; nobody answers them until the gateway runs.
    pub(crate) flushes: mpsc::Receiver<oneshot::Sender<()>>,
    pub(crate) lock: File,
}

/// The exit code of a directory that is initialised already.
const CONFLICT: u8 = 6;

/// Makes the account.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let place = Place {
            data: arguments.data.clone(),
            database: arguments.database.clone(),
            database_file: None,
            master_key_file: None,
        };
        let opened = open(&place).await?;
        if !arguments.additional && !opened.control.accounts().await?.is_empty() {
            say(&format!("error: {} is initialised already", arguments.data.display()));
            say("hint: `bailey serve` uses it; root's access key was shown when it was made. `--additional` makes one more account");
            return Ok(CONFLICT);
        }
        let founded = opened.control.found_account(&arguments.account_name).await?;
        if arguments.json {
            print(&format!("{}\n", as_json(&founded)))?;
        } else {
            show(&founded);
        }
        opened.store.close().await;
        Ok(0)
    })
}

/// Opens the data directory and the database, for this process alone.
pub(crate) async fn open(place: &Place) -> anyhow::Result<Opened> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&place.data)
        .with_context(|| format!("making the data directory {}", place.data.display()))?;
    let lock = lock(&place.data)?;
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy::new());
    let master = master_key(place, &*entropy)?;
    let database = match &place.database_file {
        Some(file) => Some(read_secret(file)?),
        None => place.database.clone(),
    };
    let location = match database {
        Some(url) => Location::Postgres(url),
        None => Location::File(place.data.join("bailey.db")),
    };
    let store = Store::open(&location, &master, &*entropy).await.map_err(explained)?;
    let (recorder, flushes) = Recorder::channel();
    let control =
        Control::new(Parts { store: store.clone(), clock: Arc::new(SystemClock), entropy, recorder });
    Ok(Opened { control, store, flushes, lock })
}

/// An error of opening is shown with its cause: whoever starts bailey may see it, and needs to.
fn explained(error: bailey_domain::Error) -> anyhow::Error {
    match error {
        bailey_domain::Error::Internal(source) => anyhow::anyhow!("opening the database: {source}"),
        other => anyhow::Error::new(other).context("opening the database"),
    }
}

/// Two processes on one data directory would each serve from a state of its own, and a revocation would reach one.
fn lock(data: &Path) -> anyhow::Result<File> {
    let path = data.join("lock");
    let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(_) => bail!("another bailey uses {}. Stop it first", data.display()),
    }
}

fn master_key(place: &Place, entropy: &dyn Entropy) -> anyhow::Result<MasterKey> {
    if let Ok(text) = std::env::var("BAILEY_MASTER_KEY") {
        return Ok(MasterKey::parse(&text)?);
    }
    let path = place.master_key_file.clone().unwrap_or_else(|| place.data.join("master.key"));
    if path.exists() {
        return Ok(MasterKey::parse(&read_secret(&path)?)?);
    }
    ensure!(place.master_key_file.is_none(), "the master key file {} is not there", path.display());
    ensure!(
        !place.data.join("bailey.db").exists(),
        "{} is missing, and without it the secrets in the database cannot be opened. Put it back",
        path.display()
    );
    let key = MasterKey::random(entropy);
    let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&path)?;
    file.write_all(key.to_text().reveal().as_bytes())?;
    file.sync_all()?;
    say(&format!("made a master key in {}: keep a copy, apart from the database", path.display()));
    Ok(key)
}

fn read_secret(path: &Path) -> anyhow::Result<String> {
    let mode =
        fs::metadata(path).with_context(|| format!("reading {}", path.display()))?.permissions().mode();
    ensure!(mode & 0o077 == 0, "{} can be read by others. `chmod 600` it", path.display());
    Ok(fs::read_to_string(path)?.trim().to_owned())
}

fn as_json(founded: &Founded) -> serde_json::Value {
    json!({
        "accountId": founded.account,
        "defaultWorkspaceId": founded.default_workspace,
        "accessKeyId": founded.access_key_id,
        "accessKeySecret": founded.secret.reveal(),
        // The setup link comes with the console.
        "setupUrl": null,
    })
}

/// Shows a new account, once.
pub(crate) fn show(founded: &Founded) {
    say("A new account was made. Its access key is shown now and never again:");
    say(&format!("  account             {}", founded.account));
    say(&format!("  default workspace   {}", founded.default_workspace));
    say(&format!("  access key id       {}", founded.access_key_id));
    say(&format!("  access key secret   {}", founded.secret.reveal()));
}

/// Shows the demo and a first call with its key, once.
pub(crate) fn show_demo(key: &DemoKey, gateway: SocketAddr) {
    say(
        "The demo has users alice, bob and carol and workspaces Research and Production. A first call, with alice's key in Research:",
    );
    let body = json!({ "model": key.model, "messages": [{ "role": "user", "content": "Hello" }] });
    say(&format!(
        "  curl http://{gateway}/v1/chat/completions -H 'Authorization: Bearer {}' -H 'Content-Type: application/json' -d '{body}'",
        key.value.reveal()
    ));
}

//! The configuration: defaults in code, one TOML file, then `BAILEY__…` in the environment, then the command line.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use bailey_api::authzen::PublicUrl;
use bailey_domain::upstream::Rules;
use bailey_gateway::{Domain, Limits};
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::Arguments;
use crate::init::Place;

/// Everything that can be configured. It starts with no file at all.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) data: PathBuf,
    pub(crate) database: Option<String>,
    pub(crate) database_file: Option<PathBuf>,
    pub(crate) master_key_file: Option<PathBuf>,
    pub(crate) gateway: SocketAddr,
    pub(crate) control: SocketAddr,
    pub(crate) admin: SocketAddr,
    pub(crate) gateway_workers: usize,
    pub(crate) upstream_tries: u32,
    pub(crate) upstream_tries_seconds: u32,
    pub(crate) breaker_failures: u32,
    pub(crate) breaker_failure_percent: u32,
    pub(crate) breaker_least_calls: u32,
    pub(crate) breaker_window_seconds: u32,
    pub(crate) breaker_open_seconds: u32,
    pub(crate) breaker_longest_seconds: u32,
    pub(crate) gateway_domain: Option<Domain>,
    pub(crate) public_url: Option<PublicUrl>,
    pub(crate) trusted_proxies: Vec<IpNet>,
    pub(crate) https_proxies: Vec<IpNet>,
    pub(crate) authzen_fixtures: Option<PathBuf>,
    pub(crate) private_issuers: bool,
    pub(crate) log: String,
}

/// One row of the reference page.
pub(crate) struct Setting {
    pub(crate) name: &'static str,
    pub(crate) meaning: &'static str,
}

/// What each setting means. A test compares it with the settings.
pub(crate) const REFERENCE: &[Setting] = &[
    Setting {
        name: "data",
        meaning: "The data directory: database, master key and lock. Made when it is not there.",
    },
    Setting {
        name: "database",
        meaning: "A PostgreSQL URL instead of the SQLite file in the data directory.",
    },
    Setting { name: "database_file", meaning: "A file that holds that URL, for one with a password." },
    Setting {
        name: "master_key_file",
        meaning: "A file with the master key, 64 hexadecimal characters, readable by its owner only. By default `master.key` in the data directory, made at the first start.",
    },
    Setting { name: "gateway", meaning: "Where model calls are answered. Port 0 picks one." },
    Setting { name: "control", meaning: "Where the control API is answered." },
    Setting { name: "admin", meaning: "Where health and metrics are answered. Keep it on loopback." },
    Setting { name: "gateway_workers", meaning: "Threads of the gateway; 0 is one per core." },
    Setting {
        name: "upstream_tries",
        meaning: "How many routes of its model one call tries at most, the first included.",
    },
    Setting {
        name: "upstream_tries_seconds",
        meaning: "No further route is tried later than this after the first.",
    },
    Setting {
        name: "breaker_failures",
        meaning: "So many failures in a row, and a provider gets no calls for a while; 0 never has that effect.",
    },
    Setting {
        name: "breaker_failure_percent",
        meaning: "So does this share of failures, in percent, among the calls of a window; 0 never does.",
    },
    Setting {
        name: "breaker_least_calls",
        meaning: "How many calls of a window it takes for its share to count, 65,535 at most.",
    },
    Setting { name: "breaker_window_seconds", meaning: "The length of that window." },
    Setting {
        name: "breaker_open_seconds",
        meaning: "How long a provider gets no calls before one is let through as a probe. Each probe that fails doubles it.",
    },
    Setting {
        name: "breaker_longest_seconds",
        meaning: "The longest that it gets no calls, and that a route is left alone because of its `Retry-After`; an hour at most.",
    },
    Setting {
        name: "gateway_domain",
        meaning: "The domain that workspaces have host names under, `{workspaceId}.<domain>`: a request to such a host takes a key of that workspace only. Point a wildcard DNS record at the gateway. Without it host names say nothing.",
    },
    Setting {
        name: "public_url",
        meaning: "The address under which others reach the control listener, `https://` and a host. AuthZEN metadata names it, and is not served without it.",
    },
    Setting {
        name: "trusted_proxies",
        meaning: "Networks of the proxies whose `X-Forwarded-…` and `X-Original-…` headers count at `/authz/forward`.",
    },
    Setting {
        name: "https_proxies",
        meaning: "Networks of the proxies that take HTTPS in front of the control listener and set `X-Forwarded-Proto` themselves, on every request. Where it says `https`, `acs:SecureTransport` is true; without such a proxy it never is.",
    },
    Setting {
        name: "authzen_fixtures",
        meaning: "A directory of decision points for test suites: `NAME.json` answers at `/NAME/access/v1/…` and knows nothing of the account.",
    },
    Setting {
        name: "private_issuers",
        meaning: "Whether OIDC providers may be inside: at private addresses, and with `http://` on this machine. Whoever may create OIDC providers can then make the server ask such addresses for keys.",
    },
    Setting {
        name: "log",
        meaning: "What is logged to the error stream, in `tracing` filter syntax. `RUST_LOG` overrides it.",
    },
];

impl Default for Settings {
    fn default() -> Self {
        let loopback = |address: IpAddr, length| IpNet::new_assert(address, length);
        let limits = Limits::default();
        let seconds = |time: Duration| time.as_secs().try_into().unwrap_or(u32::MAX);
        let local = |port| SocketAddr::from(([127, 0, 0, 1], port));
        Self {
            data: PathBuf::from("data"),
            database: None,
            database_file: None,
            master_key_file: None,
            gateway: local(8080),
            control: local(8081),
            admin: local(8082),
            gateway_workers: 0,
            upstream_tries: limits.tries,
            upstream_tries_seconds: seconds(limits.tries_within),
            breaker_failures: limits.breaker.failures,
            breaker_failure_percent: limits.breaker.failure_percent,
            breaker_least_calls: limits.breaker.least_calls,
            breaker_window_seconds: limits.breaker.window_ms / 1000,
            breaker_open_seconds: limits.breaker.open_ms / 1000,
            breaker_longest_seconds: limits.breaker.longest_ms / 1000,
            gateway_domain: None,
            public_url: None,
            trusted_proxies: vec![
                loopback([127, 0, 0, 0].into(), 8),
                loopback(Ipv6Addr::LOCALHOST.into(), 128),
            ],
            https_proxies: Vec::new(),
            authzen_fixtures: None,
            private_issuers: false,
            log: "warn".to_owned(),
        }
    }
}

impl Settings {
    /// Reads all sources. A bad value is refused with the source that it came from.
    pub(crate) fn read(arguments: &Arguments) -> anyhow::Result<Self> {
        let mut sources = Figment::from(Serialized::defaults(Self::default()));
        if let Some(file) = &arguments.config {
            anyhow::ensure!(file.is_file(), "the configuration file {} is not there", file.display());
            sources = sources.merge(Toml::file_exact(file));
        }
        let mut settings: Self = sources.merge(Env::prefixed("BAILEY__").split("__")).extract()?;
        let Arguments { data, database, gateway, control, admin, .. } = arguments;
        settings.data = data.clone().unwrap_or(settings.data);
        settings.database = database.clone().or(settings.database);
        settings.gateway = gateway.unwrap_or(settings.gateway);
        settings.control = control.unwrap_or(settings.control);
        settings.admin = admin.unwrap_or(settings.admin);
        Ok(settings)
    }

    pub(crate) fn place(&self) -> Place {
        Place {
            data: self.data.clone(),
            database: self.database.clone(),
            database_file: self.database_file.clone(),
            master_key_file: self.master_key_file.clone(),
        }
    }

    /// The gateway's limits. What could never be reached, or would wait for longer than an hour, is brought within.
    pub(crate) fn limits(&self) -> Limits {
        const HOUR: u32 = 3600;
        let ms = |seconds: u32| seconds.clamp(1, HOUR) * 1000;
        Limits {
            tries: self.upstream_tries.max(1),
            tries_within: Duration::from_secs(self.upstream_tries_seconds.into()),
            breaker: Rules {
                failures: self.breaker_failures,
                failure_percent: self.breaker_failure_percent.min(100),
                least_calls: self.breaker_least_calls.clamp(1, u16::MAX.into()),
                window_ms: ms(self.breaker_window_seconds),
                open_ms: ms(self.breaker_open_seconds),
                longest_ms: ms(self.breaker_longest_seconds),
            },
            ..Limits::default()
        }
    }

    pub(crate) fn workers(&self) -> usize {
        match self.gateway_workers {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            workers => workers,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_those_of_the_gateway_unless_they_are_set() {
        let usual = Limits::default();
        let mut settings = Settings::default();
        let same = |limits: &Limits| (limits.tries, limits.tries_within, limits.breaker);
        assert_eq!(same(&settings.limits()), same(&usual));
        settings.upstream_tries = 0;
        settings.breaker_failures = 0;
        settings.breaker_open_seconds = 7;
        settings.breaker_longest_seconds = 1_000_000;
        let set = settings.limits();
        assert_eq!((set.tries, set.breaker.failures), (1, 0));
        assert_eq!((set.breaker.open_ms, set.breaker.longest_ms), (7000, 3_600_000));
    }

    #[test]
    fn the_reference_names_every_setting() {
        let settings = serde_json::to_value(Settings::default()).unwrap();
        let mut names: Vec<_> = settings.as_object().unwrap().keys().cloned().collect();
        let mut documented: Vec<_> = REFERENCE.iter().map(|setting| setting.name.to_owned()).collect();
        names.sort();
        documented.sort();
        assert_eq!(names, documented);
    }
}

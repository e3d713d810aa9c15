//! Every parameter of `rsyncd.conf`, where it may stand and how its value is read (rsyncd.conf man page).

/// How a parameter's value is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    /// A boolean that may be unset.
    Bool3,
    Int,
    Text,
    /// A text whose trailing slashes do not count.
    Path,
}

/// Where a parameter may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    Global,
    /// In a module; in the global section it is the default.
    Module,
    /// As `Module`, known but not supported by this version: a module that sets it is not served.
    Later,
}

use Kind::{Bool, Bool3, Int, Path as PathKind, Text};
use Scope::{Global, Later, Module};

/// Every parameter: name without spaces, scope, kind.
pub(super) const PARAMETERS: &[(&str, Scope, Kind)] = &[
    ("address", Global, Text),
    ("port", Global, Int),
    ("listenbacklog", Global, Int),
    ("socketoptions", Global, Text),
    ("pidfile", Global, Text),
    ("motdfile", Global, Text),
    ("daemonchroot", Global, Text),
    ("daemonuid", Global, Text),
    ("daemongid", Global, Text),
    ("proxyprotocol", Global, Bool),
    ("proxyprotocolhosts", Global, Text),
    ("comment", Module, Text),
    ("path", Module, PathKind),
    ("usechroot", Module, Bool3),
    ("readonly", Module, Bool),
    ("writeonly", Module, Bool),
    ("list", Module, Bool),
    ("uid", Module, Text),
    ("gid", Module, Text),
    ("maxconnections", Module, Int),
    ("lockfile", Module, Text),
    ("maxverbosity", Module, Int),
    ("timeout", Module, Int),
    ("logfile", Module, Text),
    ("syslogfacility", Module, Text),
    ("syslogtag", Module, Text),
    ("transferlogging", Module, Bool),
    ("logformat", Module, Text),
    ("authusers", Module, Text),
    ("secretsfile", Module, Text),
    ("strictmodes", Module, Bool),
    ("authdigest", Module, Text),
    ("hostsallow", Module, Text),
    ("hostsdeny", Module, Text),
    ("reverselookup", Module, Bool),
    ("forwardlookup", Module, Bool),
    ("filter", Module, Text),
    ("includefrom", Module, Text),
    ("include", Module, Text),
    ("excludefrom", Module, Text),
    ("exclude", Module, Text),
    ("incomingchmod", Module, Text),
    ("outgoingchmod", Module, Text),
    ("mungesymlinks", Module, Bool3),
    ("insecurelinks", Module, Bool),
    ("numericids", Module, Bool3),
    ("nameconverter", Later, Text),
    ("fakesuper", Module, Bool),
    ("charset", Module, Text),
    ("ignoreerrors", Module, Bool),
    ("ignorenonreadable", Module, Bool),
    ("opennoatime", Module, Bool3),
    ("tempdir", Module, PathKind),
    ("refuseoptions", Module, Text),
    ("dontcompress", Module, Text),
    ("earlyexec", Module, Text),
    ("pre-xferexec", Module, Text),
    ("post-xferexec", Module, Text),
];

/// The scope and the kind of a parameter, if there is one of that name.
pub(super) fn parameter(key: &str) -> Option<(Scope, Kind)> {
    PARAMETERS.iter().find(|(name, ..)| *name == key).map(|&(_, scope, kind)| (scope, kind))
}

//! Rows of a table of scenarios.

/// How the two ends are connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// Both ends on this machine, in one command.
    Local,
    /// The destination behind a remote shell.
    Push,
    /// The sources behind a remote shell.
    Pull,
    /// The destination in a daemon's module.
    DaemonPush,
    /// The sources in a daemon's module.
    DaemonPull,
}

/// Every way of connecting two ends.
pub const EVERY_WAY: &[Via] = &[Via::Local, Via::Push, Via::Pull, Via::DaemonPush, Via::DaemonPull];

/// Over a remote shell, both directions.
pub const SHELL: &[Via] = &[Via::Push, Via::Pull];

/// With a daemon, both directions.
pub const DAEMON: &[Via] = &[Via::DaemonPush, Via::DaemonPull];

/// Local, and one direction each with a remote shell.
pub const LOCAL_AND_SHELL: &[Via] = &[Via::Local, Via::Push, Via::Pull];

impl Via {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Push => "push",
            Self::Pull => "pull",
            Self::DaemonPush => "daemon-push",
            Self::DaemonPull => "daemon-pull",
        }
    }

    pub(crate) fn host(self) -> &'static str {
        match self {
            Self::Local => "",
            Self::Push | Self::Pull => "host:",
            Self::DaemonPush | Self::DaemonPull => "127.0.0.1::mod/",
        }
    }
}

/// One row of a table of scenarios: a tree, a command line, and the connections and protocols to run it over.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    pub(crate) name: &'a str,
    pub(crate) trees: &'a [&'a str],
    pub(crate) args: &'a str,
    pub(crate) from: &'a str,
    pub(crate) to: &'a str,
    pub(crate) via: &'a [Via],
    pub(crate) protocols: &'a [u32],
    pub(crate) stdin: &'a str,
    pub(crate) environment: &'a [(&'a str, &'a str)],
    pub(crate) modules: &'a str,
    pub(crate) nobody: bool,
    pub(crate) limit: &'a str,
    pub(crate) umask: &'a str,
    pub(crate) ordered: bool,
    pub(crate) distinct: bool,
    pub(crate) one_process: bool,
    pub(crate) stdout: bool,
    pub(crate) stderr: bool,
    pub(crate) server_args: bool,
    pub(crate) tree: bool,
    pub(crate) atimes: bool,
    pub(crate) holes: bool,
    pub(crate) between: &'a str,
    pub(crate) batch: bool,
    pub(crate) daemon_log: bool,
}

/// A row that copies `src/` to `dst/` locally, comparing everything; the methods change that. In `args`, words are
/// separated by spaces, single quotes keep one together; `{host}` becomes the prefix of the remote end, `{top}` the folder
/// of the tree, `{shell}` a remote shell that runs things here, `{log}` a log file that is compared, too, `{rsync}` the
/// program at the remote end, `{apostrophe}` a single quote, and `{byte}` one that is no UTF-8. A source that begins with a colon names the remote end
/// itself.
pub const fn row<'a>(name: &'a str, trees: &'a [&'a str], args: &'a str) -> Row<'a> {
    Row {
        name,
        trees,
        args,
        from: "src/",
        to: "dst/",
        via: &[Via::Local],
        protocols: &[],
        stdin: "",
        environment: &[],
        modules: "",
        nobody: false,
        limit: "",
        umask: "",
        ordered: true,
        distinct: false,
        one_process: false,
        stdout: true,
        stderr: true,
        server_args: true,
        tree: true,
        atimes: false,
        holes: false,
        between: "",
        batch: false,
        daemon_log: false,
    }
}

impl<'a> Row<'a> {
    /// Its command line's options.
    pub const fn args(&self) -> &'a str {
        self.args
    }

    /// Other connections than local.
    pub const fn over(mut self, via: &'a [Via]) -> Self {
        self.via = via;
        self
    }

    /// Other sources and destination than `src/` and `dst/`, relative to the top of the tree.
    pub const fn from_to(mut self, from: &'a str, to: &'a str) -> Self {
        self.from = from;
        self.to = to;
        self
    }

    /// Once for each of these protocols instead of once with the newest.
    pub const fn protocols(mut self, protocols: &'a [u32]) -> Self {
        self.protocols = protocols;
        self
    }

    /// Standard input.
    pub const fn stdin(mut self, stdin: &'a str) -> Self {
        self.stdin = stdin;
        self
    }

    /// Environment variables; `{top}` is the folder of the tree.
    pub const fn environment(mut self, pairs: &'a [(&'a str, &'a str)]) -> Self {
        self.environment = pairs;
        self
    }

    /// More configuration for the daemon, after the settings of module `mod`; `{top}` is the folder of the tree.
    pub const fn modules(mut self, modules: &'a str) -> Self {
        self.modules = modules;
        self
    }

    /// Run by the user nobody, who owns what the tree gives to 65534.
    pub const fn as_nobody(mut self) -> Self {
        self.nobody = true;
        self
    }

    /// Run with a limit, as `prlimit` takes it.
    pub const fn limited(mut self, limit: &'a str) -> Self {
        self.limit = limit;
        self
    }

    /// Run with another umask, in octal.
    pub const fn umask(mut self, umask: &'a str) -> Self {
        self.umask = umask;
        self
    }

    /// Lines of the output may come in any order: two processes write them.
    pub const fn any_order(mut self) -> Self {
        self.ordered = false;
        self
    }

    /// Lines of the output may come in any order and any number: several processes write them.
    pub const fn distinct(mut self) -> Self {
        self.ordered = false;
        self.distinct = true;
        self
    }

    /// What each of the two processes of a local copy says for itself counts once.
    pub const fn one_process(mut self) -> Self {
        self.one_process = true;
        self
    }

    /// Do not compare standard output.
    pub const fn any_stdout(mut self) -> Self {
        self.stdout = false;
        self
    }

    /// Do not compare standard error.
    pub const fn any_stderr(mut self) -> Self {
        self.stderr = false;
        self
    }

    /// Do not compare the command line given to the server.
    pub const fn any_server_args(mut self) -> Self {
        self.server_args = false;
        self
    }

    /// Do not compare the trees.
    pub const fn any_tree(mut self) -> Self {
        self.tree = false;
        self
    }

    /// Compare access times too.
    pub const fn atimes(mut self) -> Self {
        self.atimes = true;
        self
    }

    /// Compare whether files have holes too.
    pub const fn holes(mut self) -> Self {
        self.holes = true;
        self
    }

    /// Run twice; between the runs a shell does this in the folder of the tree.
    pub const fn again_after(mut self, script: &'a str) -> Self {
        self.between = script;
        self
    }

    /// Writes a batch, which the program at the remote end then reads in an equal tree called `copy`.
    pub const fn batch(mut self) -> Self {
        self.batch = true;
        self
    }

    /// Compare what the daemon logs, too.
    pub const fn daemon_log(mut self) -> Self {
        self.daemon_log = true;
        self
    }
}

//! The server's command line, in the order that rsync sends it; restricted shells match on it.
use super::{
    OptionError, Plan,
    operands::{Operands, Remote},
};
use crate::{
    log::Role,
    settings::{Append, DeleteTiming, FilesFrom, RemoveSource, StderrMode},
};
use wire::limits::DEFAULT_MAX_ALLOC;

/// What the server is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerArgs {
    /// The visible arguments, escaped for the remote shell, without a program name. For a daemon:
    /// the first block.
    pub argv: Vec<Vec<u8>>,
    /// With `-s`: the strings that follow on the connection, dummy program name first.
    pub secluded: Option<Vec<Vec<u8>>>,
}

impl ServerArgs {
    /// The bytes of the secluded strings: each ends in a zero byte, an empty one ends them all.
    /// Nothing without `-s`.
    pub fn payload(&self) -> Vec<u8> {
        let Some(strings) = &self.secluded else { return Vec::new() };
        let mut bytes = Vec::new();
        for string in strings {
            // An empty string would end the list.
            bytes.extend_from_slice(if string.is_empty() { b"." } else { string });
            bytes.push(0);
        }
        bytes.push(0);
        bytes
    }
}

/// rsync stops at this many arguments, not counting the paths.
const MAX_ARGS: usize = 140;
/// Capabilities behind `e.`; `i` is put before them if the list may be incremental.
const CAPABILITIES: &str = "LsfxCIvu";

/// For a remote shell or a daemon. Nothing is left to tell within this process.
pub fn server_args(plan: &Plan, transfer: &Operands) -> Result<Option<ServerArgs>, OptionError> {
    let (remote, push) = match transfer {
        Operands::Local { .. } | Operands::Replay { .. } => return Ok(None),
        Operands::Push { remote, .. } => (remote, true),
        Operands::Pull { remote, .. } => (remote, false),
    };
    let mut args = Builder { plan, remote, push, out: Vec::new() };
    args.plain("--server");
    if !push {
        args.plain("--sender");
    }
    args.cluster();
    if let Some(set) = &plan.settings.iconv {
        let mut sets = set.splitn(2, |&b| b == b',');
        // A daemon has a charset of its own, so that it does not matter which one it is told.
        let told = if remote.is_daemon() { sets.next() } else { sets.last() };
        args.value("--iconv=", told.unwrap_or_default());
    }
    let visible = args.out.len();
    args.options();
    for option in &plan.remote_options {
        let option = args.escape_option(option, plan.old_args > 0);
        args.out.push(option);
    }
    if args.out.len() > MAX_ARGS {
        let role = if push { Role::Sender } else { Role::ReceiverPresplit };
        return Err(OptionError::line(role, 1, "too many remote options specified."));
    }
    args.plain(".");
    match transfer {
        Operands::Pull { sources, .. } => {
            let module = module_of(sources.first().map_or(&[], Vec::as_slice));
            sources.iter().for_each(|path| args.path(path, module));
        }
        Operands::Push { dest, .. } => args.path(dest, module_of(dest)),
        Operands::Local { .. } | Operands::Replay { .. } => {}
    }
    let mut argv = args.out;
    let secluded = plan.settings.secluded.then(|| {
        let rest = argv.split_off(visible);
        std::iter::once(b"rsync".to_vec()).chain(rest).collect()
    });
    Ok(Some(ServerArgs { argv, secluded }))
}

struct Builder<'a> {
    plan: &'a Plan,
    remote: &'a Remote,
    push: bool,
    out: Vec<Vec<u8>>,
}

impl Builder<'_> {
    fn plain(&mut self, text: &str) {
        self.out.push(text.as_bytes().to_vec());
    }
    fn plain_if(&mut self, condition: bool, text: &str) {
        if condition {
            self.plain(text);
        }
    }
    /// `--name=VALUE`.
    fn value(&mut self, option: &str, value: &[u8]) {
        let value = self.escape_option(value, false);
        self.out.push([option.as_bytes(), &value].concat());
    }
    /// `--name VALUE`.
    fn two(&mut self, option: &str, value: &[u8]) {
        self.plain(option);
        let value = self.escape_option(value, false);
        self.out.push(value);
    }
    fn number(&mut self, option: &str, n: impl std::fmt::Display) {
        self.plain(&format!("{option}{n}"));
    }

    fn cluster(&mut self) {
        let (s, given) = (&self.plan.settings, &self.plan.given);
        let push = self.push;
        let deleting = push && s.delete;
        let dirs = given.explicit_dirs || (s.dirs && (s.list_only || deleting));
        let repeat = |n: u8, letter: &'static str| letter.repeat(usize::from(n.min(2)));
        let flag = |on: bool, letter: &'static str| if on { letter } else { "" };
        let fuzzy = s.fuzzy.min(if s.alt_dest.is_some() { 2 } else { 1 });
        let mut word = String::from("-");
        word += flag(self.plan.settings.secluded, "s");
        word += &"v".repeat(given.verbose.min(9) as usize);
        word += flag(s.quiet && given.stderr != Some(StderrMode::Client), "q");
        word += flag(s.backup, "b");
        word += flag(s.update, "u");
        word += flag(s.dry_run && !given.only_write_batch, "n");
        word += flag(s.links, "l");
        word += flag(!s.recurse && dirs, "d");
        word += flag(push && s.keep_dirlinks, "K");
        word += flag(push && s.prune_empty_dirs, "m");
        word += flag(push && given.omit_dir_times, "O");
        word += flag(push && s.omit_link_times, "J");
        word += &repeat(if push { fuzzy } else { 0 }, "y");
        word += flag(!push && s.copy_links, "L");
        word += flag(!push && s.copy_dirlinks, "k");
        word += flag(s.whole_file == Some(true), "W");
        word += &repeat(given.hard_links, "H");
        word += flag(s.owner, "o");
        word += flag(s.group, "g");
        word += flag(s.devices, "D");
        word += flag(s.times, "t");
        word += &repeat(s.atimes, "U");
        word += flag(s.perms, "p");
        word += flag(push && s.executability && !s.perms, "E");
        word += flag(s.acls, "A");
        word += &repeat(s.xattrs, "X");
        word += flag(s.recurse, "r");
        word += flag(s.checksum, "c");
        word += flag(s.cvs_exclude, "C");
        word += flag(s.ignore_times, "I");
        word += flag(s.relative, "R");
        word += &repeat(s.one_file_system, "x");
        word += flag(s.sparse, "S");
        word += flag(given.compress_letter, "z");
        if s.protocol_max >= 30 {
            // Everything behind `e` is its value.
            word += "e.";
            word += flag(self.plan.settings.inc_recurse, "i");
            word += CAPABILITIES;
        }
        if word.len() > 1 {
            self.plain(&word);
        }
    }

    fn options(&mut self) {
        let plan = self.plan;
        let (s, given, push) = (&plan.settings, &plan.given, self.push);
        self.plain_if(given.explicit_list_only, "--list-only");
        self.plain_if(push && s.delete && s.dirs && !s.recurse, "--no-r");
        if let Some(level) = s.compress_level {
            self.number("--compress-level=", level);
        }
        self.plain_if(s.devices && !s.specials, "--no-specials");
        self.plain_if(s.specials && !s.devices, "--specials");
        if let Some(format) = given.log_format.filter(|_| push) {
            self.plain(&format!("--log-format={format}"));
        }
        match given.stderr {
            Some(StderrMode::All) => self.plain("--msgs2stderr"),
            Some(StderrMode::Client) => self.plain("--no-msgs2stderr"),
            _ => {}
        }
        if s.block_size > 0 {
            self.number("-B", s.block_size);
        }
        if s.timeout > 0 {
            self.number("--timeout=", s.timeout);
        }
        if s.bwlimit > 0 {
            self.number("--bwlimit=", s.bwlimit);
        }
        if let Some(dir) = s.backup_dir.as_ref().filter(|_| s.backup) {
            self.two("--backup-dir", dir);
        }
        let default_suffix: &[u8] = if s.backup_dir.is_some() { b"" } else { b"~" };
        if s.suffix != default_suffix {
            self.value("--suffix=", &s.suffix);
        }
        if let Some(choice) = &s.checksum_choice {
            self.value("--checksum-choice=", choice.as_bytes());
        }
        if let Some(choice) = &given.compress_choice {
            match choice.to_ascii_lowercase().as_slice() {
                b"zlibx" => self.plain("--new-compress"),
                b"zlib" => self.plain("--old-compress"),
                _ => self.value("--compress-choice=", choice),
            }
        }
        if push {
            self.receiver_options();
        } else if let Some(list) = &s.skip_compress {
            self.value("--skip-compress=", list);
        }
        if let Some(text) = given.max_alloc.as_ref().filter(|_| s.max_alloc != DEFAULT_MAX_ALLOC) {
            self.value("--max-alloc=", text);
        }
        self.plain_if(s.delete_missing_args, "--delete-missing-args");
        self.plain_if(!push && s.ignore_missing_args, "--ignore-missing-args");
        match given.modify_window.filter(|_| push) {
            Some(n) if n < 0 => self.number("-@", n),
            Some(n) => self.number("--modify-window=", n),
            None => {}
        }
        if s.checksum_seed != 0 {
            self.number("--checksum-seed=", s.checksum_seed);
        }
        if push {
            self.partial_options();
        }
        self.plain_if(s.ignore_errors, "--ignore-errors");
        self.plain_if(s.copy_unsafe_links, "--copy-unsafe-links");
        self.plain_if(s.safe_links, "--safe-links");
        self.plain_if(s.numeric_ids, "--numeric-ids");
        if push {
            self.receiver_paths();
        }
        if let Some(words) = given.info.for_server(!push) {
            self.value("--info=", words.as_bytes());
        }
        self.inplace_or_append();
        self.files_from();
        let implied = s.relative && !s.implied_dirs && (!push || s.protocol_max >= 30);
        self.plain_if(implied, "--no-implied-dirs");
        self.plain_if(push && s.write_devices, "--write-devices");
        match s.remove_source {
            RemoveSource::Nothing => {}
            RemoveSource::Source => self.plain("--remove-source-files"),
            RemoveSource::Sent => self.plain("--remove-sent-files"),
        }
        self.plain_if(!push && s.copy_devices, "--copy-devices");
        self.plain_if(push && s.preallocate, "--preallocate");
        self.plain_if(s.open_noatime && s.atimes < 2, "--open-noatime");
        self.plain_if(push && s.mkpath, "--mkpath");
    }

    fn inplace_or_append(&mut self) {
        let s = &self.plan.settings;
        match s.append {
            Append::Off if s.inplace => {
                self.plain("--inplace");
                // A sparse file is otherwise written whole, and a server's default is ours.
                self.plain_if(self.push && s.sparse && s.whole_file == Some(false), "--no-W");
            }
            Append::Off => {}
            Append::Append => self.plain("--append"),
            Append::Verify => {
                self.plain("--append");
                self.plain("--append");
            }
        }
    }

    fn files_from(&mut self) {
        let s = &self.plan.settings;
        match &s.files_from {
            Some(FilesFrom::Remote(path)) => {
                self.two("--files-from", path);
                self.plain_if(s.from0, "--from0");
                self.plain_if(!s.relative, "--no-relative");
            }
            Some(FilesFrom::Local(_)) if !self.push => {
                self.plain("--files-from=-");
                self.plain("--from0");
                self.plain_if(!s.relative, "--no-relative");
            }
            _ => {}
        }
    }

    /// What a receiver does with parts of files and with files that wait.
    fn partial_options(&mut self) {
        let plan = self.plan;
        let s = &plan.settings;
        match &plan.given.partial_dir {
            Some(dir) => {
                self.two("--partial-dir", dir);
                self.plain_if(s.delay_updates, "--delay-updates");
            }
            None if s.delay_updates => self.plain("--delay-updates"),
            None => self.plain_if(s.partial, "--partial"),
        }
    }

    /// Deletion and sizes, which concern a receiver.
    fn receiver_options(&mut self) {
        let plan = self.plan;
        let (s, given) = (&plan.settings, &plan.given);
        match s.max_delete {
            Some(0) => self.plain("--max-delete=-1"),
            Some(n) => self.number("--max-delete=", n),
            None => {}
        }
        if let Some(n) = s.min_size {
            self.number("--min-size=", n);
        }
        if let Some(n) = s.max_size {
            self.number("--max-size=", n);
        }
        match s.delete_when {
            Some(DeleteTiming::Before) => self.plain("--delete-before"),
            Some(DeleteTiming::Delay) => self.plain("--delete-delay"),
            Some(DeleteTiming::During) => self.plain("--delete-during"),
            Some(DeleteTiming::After) => self.plain("--delete-after"),
            None => self.plain_if(given.bare_delete && !s.delete_excluded, "--delete"),
        }
        self.plain_if(s.delete_excluded, "--delete-excluded");
        self.plain_if(s.force, "--force");
        self.plain_if(given.only_write_batch, "--only-write-batch=X");
        self.plain_if(given.use_super, "--super");
        self.plain_if(s.size_only, "--size-only");
        self.plain_if(s.stats, "--stats");
    }

    /// Maps and directories, which concern a receiver.
    fn receiver_paths(&mut self) {
        let s = &self.plan.settings;
        if let Some(map) = &s.usermap {
            self.value("--usermap=", map);
        }
        if let Some(map) = &s.groupmap {
            self.value("--groupmap=", map);
        }
        self.plain_if(s.ignore_existing, "--ignore-existing");
        self.plain_if(s.existing, "--existing");
        if let Some(dir) = &s.temp_dir {
            self.two("--temp-dir", dir);
        }
        self.plain_if(s.fsync, "--fsync");
        if let Some((kind, dirs)) = &s.alt_dest {
            dirs.iter().for_each(|dir| self.two(kind.option(), dir));
        }
    }

    /// A path argument; `module` is the daemon's.
    fn path(&mut self, path: &[u8], module: &[u8]) {
        let daemon = self.remote.is_daemon();
        let mut path = path.to_vec();
        if path.is_empty() && !daemon {
            path.push(b'.');
        }
        // A daemon takes the module off the front; a bare module is its root.
        if daemon && !path.contains(&b'/') {
            path.push(b'/');
        }
        if path.starts_with(b"-") {
            path.splice(..0, *b"./");
        }
        let plan = self.plan;
        if plan.old_args > 0 || plan.settings.secluded {
            self.out.push(path);
            return;
        }
        if daemon {
            self.out.push(guard_module(&path, module));
            return;
        }
        let mut out = escape(&path, false);
        if !self.push && path.starts_with(b"~") && !plan.settings.trust_sender_args {
            let anchored = match plan.settings.relative {
                true => path.windows(3).any(|w| w == b"/./"),
                false => path.contains(&b'/'),
            };
            // What `~user` expands to could not be compared with what was asked for.
            if !anchored {
                out.insert(0, b'\\');
            }
        }
        self.out.push(out);
    }

    /// An option's text. `bare` is for what `--old-args` leaves alone when given once.
    fn escape_option(&self, text: &[u8], bare: bool) -> Vec<u8> {
        if bare || self.plan.old_args > 1 || self.plan.settings.secluded {
            return text.to_vec();
        }
        escape(text, true)
    }
}

/// The first component.
fn module_of(path: &[u8]) -> &[u8] {
    path.split(|&b| b == b'/').next().unwrap_or_default()
}

/// Keeps a daemon from splitting a path at a space before its module's name: the space becomes a
/// pattern for one.
fn guard_module(path: &[u8], module: &[u8]) -> Vec<u8> {
    let split = [b" ", module, b"/"].concat();
    let mut out = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some((&b, tail)) = rest.split_first() {
        match rest.starts_with(&split) {
            true => out.extend_from_slice(b"[ ]"),
            false => out.push(b),
        }
        rest = tail;
    }
    out
}

/// Puts a backslash before what a shell would act on. Wildcards stay live in a path, where the
/// shell is to expand them; in an option they are escaped too.
fn escape(text: &[u8], option: bool) -> Vec<u8> {
    const SHELL: &[u8] = b"!#$&;|<>(){}\"'` \t\n\r\\";
    const WILD: &[u8] = b"*?[]";
    let mut out = Vec::with_capacity(text.len());
    for (at, &b) in text.iter().enumerate() {
        let escapes_wild = b == b'\\' && text.get(at + 1).is_some_and(|next| WILD.contains(next));
        let special = match option {
            true => SHELL.contains(&b) || WILD.contains(&b),
            false => SHELL.contains(&b) && !escapes_wild,
        };
        if special {
            out.push(b'\\');
        }
        out.push(b);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaping() {
        let text = |s: &str, option| String::from_utf8(escape(s.as_bytes(), option)).expect("text");
        assert_eq!(text("a b", false), "a\\ b");
        assert_eq!(text("back\\slash", false), "back\\\\slash");
        assert_eq!(text("back\\*x", false), "back\\*x");
        assert_eq!(text("back\\*x", true), "back\\\\\\*x");
        assert_eq!(text("st*r", false), "st*r");
        assert_eq!(text("*:no body", true), "\\*:no\\ body");
    }

    #[test]
    fn a_daemon_must_not_split_at_the_module() {
        assert_eq!(guard_module(b"mod/a mod/d", b"mod"), b"mod/a[ ]mod/d");
        assert_eq!(guard_module(b"mod/a modem/d", b"mod"), b"mod/a modem/d");
    }

    #[test]
    fn payload_ends_in_an_empty_string() {
        let args = ServerArgs {
            argv: Vec::new(),
            secluded: Some([&b"rsync"[..], b"", b".", b"/dst"].map(<[u8]>::to_vec).into()),
        };
        assert_eq!(args.payload(), b"rsync\0.\0.\0/dst\0\0");
    }
}

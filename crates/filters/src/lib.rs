//! rsync's filter language (spec chapter 05): rules, patterns, per-directory merge files. Pure: merge files come
//! through [`Loader`].
pub mod wildmatch;
use std::io;
/// Which transfer role the list acts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Side {
    Sender,
    Receiver,
}
/// The answer for one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// No rule matched.
    None,
    /// An include (show, risk) rule matched.
    Include,
    /// An exclude (hide, protect) rule matched.
    Exclude,
}
/// Opens merge files for the list.
pub trait Loader {
    /// Reads the whole file; `path` is as written for a plain merge, absolute-in-root for per-directory files.
    fn load(&mut self, path: &[u8]) -> io::Result<Vec<u8>>;
}
/// A rule could not be parsed or its file not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterError {
    /** rsync's words. */
    pub text: String,
    /** Exit code: 1, 2 or 11. */
    pub code: i32,
}
/// An ordered list of rules with the state of active per-directory merge files.
#[derive(Debug, Clone, Default)]
pub struct FilterList {
    _p: (),
}
/// Things that stay the same while parsing.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)]
pub struct ParseContext {
    pub from0: bool,
    pub is_server: bool,
    pub protocol_30: bool,
    pub delete_excluded: bool,
}
impl FilterList {
    /// An empty list.
    pub fn new() -> Self {
        FilterList::default()
    }
    /// Whether there is no rule.
    pub fn is_empty(&self) -> bool {
        todo!()
    }
    /// Adds one new-style rule (`--filter`).
    pub fn add_rule(
        &mut self,
        text: &[u8],
        cx: &ParseContext,
        loader: &mut dyn Loader,
    ) -> Result<(), FilterError> {
        let _ = (text, cx, loader);
        todo!()
    }
    /// Adds one old-style pattern (`--exclude`, `--include`).
    pub fn add_pattern(
        &mut self,
        text: &[u8],
        include: bool,
        cx: &ParseContext,
        loader: &mut dyn Loader,
    ) -> Result<(), FilterError> {
        let _ = (text, include, cx, loader);
        todo!()
    }
    /// Adds a file of old-style patterns (`--exclude-from`, `--include-from`).
    pub fn add_file(
        &mut self,
        path: &[u8],
        include: bool,
        cx: &ParseContext,
        loader: &mut dyn Loader,
    ) -> Result<(), FilterError> {
        let _ = (path, include, cx, loader);
        todo!()
    }
    /// `-C`: adds `:C` and `-C` at the end.
    pub fn add_cvs(
        &mut self,
        cx: &ParseContext,
        loader: &mut dyn Loader,
    ) -> Result<(), FilterError> {
        let _ = (cx, loader);
        todo!()
    }
    /// Classifies each rule for this end's role and returns the texts to send to the peer, in order
    /// (spec chapter 05, Sides and elision; Filter rules on the wire). Rules that this side ignores are elided afterwards.
    pub fn for_peer(
        &mut self,
        am_sender: bool,
        protocol: u32,
        delete_excluded: bool,
    ) -> Result<Vec<Vec<u8>>, FilterError> {
        let _ = (am_sender, protocol, delete_excluded);
        todo!()
    }
    /// For a list that is not sent (local copy): the list as one role sees it.
    pub fn for_role(&self, side: Side, delete_excluded: bool) -> FilterList {
        let _ = (side, delete_excluded);
        todo!()
    }
    /// Adds a rule from the wire (server).
    pub fn add_from_wire(
        &mut self,
        text: &[u8],
        protocol: u32,
        cx: &ParseContext,
        loader: &mut dyn Loader,
    ) -> Result<(), FilterError> {
        let _ = (text, protocol, cx, loader);
        todo!()
    }
    /// First match wins. `name` is relative to the transfer root. `ignore_perishable`: inside a directory being deleted.
    pub fn check(&self, name: &[u8], is_dir: bool, ignore_perishable: bool) -> Verdict {
        let _ = (name, is_dir, ignore_perishable);
        todo!()
    }
    /// The same for an xattr name; `None` if the list has no xattr rules (use the default policy).
    pub fn check_xattr(&self, name: &[u8]) -> Option<Verdict> {
        let _ = name;
        todo!()
    }
    /// Whether any per-directory merge rule is (or was) in the list.
    pub fn has_dir_merge(&self) -> bool {
        todo!()
    }
    /// Enters a directory (path relative to the transfer root; empty for the root): reads its per-directory files.
    pub fn push_dir(
        &mut self,
        dir: &[u8],
        side: Side,
        cx: &ParseContext,
        loader: &mut dyn Loader,
    ) -> Result<(), FilterError> {
        let _ = (dir, side, cx, loader);
        todo!()
    }
    /// Leaves it.
    pub fn pop_dir(&mut self) {
        todo!()
    }
}
/// The implied list: what a pulling client asked for (spec chapter 05, Building the implied list).
#[derive(Debug, Clone, Default)]
pub struct RequestedNames {
    _p: (),
}
/// How a received name relates to the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Requested {
    Yes,
    ParentOnly,
    No,
}
impl RequestedNames {
    /// Adds a source argument (host part removed; module removed for daemons) or a files-from name.
    pub fn add(&mut self, arg: &[u8], is_daemon: bool, relative: bool, recurse: bool, dirs: bool) {
        let _ = (arg, is_daemon, relative, recurse, dirs);
        todo!()
    }
    /// Whether no pattern was derived (the check is then off).
    pub fn is_empty(&self) -> bool {
        todo!()
    }
    /// Judges one name (`.` is [`Requested::ParentOnly`] unless the contents of the root were asked for).
    pub fn check(&self, name: &[u8], is_dir: bool) -> Requested {
        let _ = (name, is_dir);
        todo!()
    }
}

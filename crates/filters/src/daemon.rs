//! The rules of a daemon module (rsyncd.conf man page, filter).
//!
//! Rules with a slash are anchored at the module root, and an excluded directory takes what is
//! below it along, so that asking for a deeper path gets around nothing. Files merged into the
//! `filter` parameter are treated like the parameter itself.
use crate::{
    FilterError, FilterList, Loader, ParseContext, Verdict,
    build::{Origin, until_nul},
    parse::{Style, Template},
    rule::Flags,
};

/// The module parameters that hold rules; unset ones are `None`.
#[derive(Debug, Clone, Copy, Default)]
#[allow(missing_docs)]
pub struct DaemonRules<'a> {
    pub filter: Option<&'a [u8]>,
    pub include_from: Option<&'a [u8]>,
    pub include: Option<&'a [u8]>,
    pub exclude_from: Option<&'a [u8]>,
    pub exclude: Option<&'a [u8]>,
}

impl FilterList {
    /// The list of a daemon module.
    pub fn daemon(
        rules: &DaemonRules<'_>,
        cx: &ParseContext,
        loader: &mut dyn Loader,
    ) -> Result<FilterList, FilterError> {
        let mut list = FilterList::new();
        list.daemon = true;
        let old = |include| Style::Old { include };
        list.add_words(rules.filter, Style::New, cx, loader)?;
        if let Some(path) = rules.include_from {
            list.add_file(path, true, cx, loader)?;
        }
        list.add_words(rules.include, old(true), cx, loader)?;
        if let Some(path) = rules.exclude_from {
            list.add_file(path, false, cx, loader)?;
        }
        list.add_words(rules.exclude, old(false), cx, loader)?;
        Ok(list)
    }

    fn add_words(
        &mut self,
        text: Option<&[u8]>,
        style: Style,
        cx: &ParseContext,
        loader: &mut dyn Loader,
    ) -> Result<(), FilterError> {
        let template = Template { style, word_split: true, flags: Flags::NONE };
        let text = until_nul(text.unwrap_or_default());
        self.build(cx, loader, |list| list.add_text(text, template, &Origin::Argument, 0))
    }

    /// Tests a path relative to the module root (with or without a leading slash) against a
    /// daemon list. To test names relative to a directory of the module, say which with
    /// [`FilterList::set_cwd`] and use [`FilterList::check`].
    pub fn check_daemon(&self, name: &[u8], is_dir: bool) -> Verdict {
        if self.is_empty() {
            return Verdict::None;
        }
        self.find_from_root(name, is_dir).map_or(Verdict::None, |hit| hit.verdict())
    }
}

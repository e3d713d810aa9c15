//! Sides, elision and what is sent to the peer (WIRE.md, Filter list).
use crate::{
    FilterError, FilterList, Loader, ParseContext, Side,
    build::{Origin, until_nul},
    parse::Template,
    rule::{Flags, Kind, Rule},
};
use std::sync::Arc;

/// How many bytes of rules a peer may send; far beyond any use, well below harm.
const MAX_WIRE_BYTES: usize = 64 << 20;

impl FilterList {
    /// Classifies each rule for this end's role and returns the texts to send to the peer, in order
    /// (WIRE.md, Filter list). Rules that this side ignores are elided afterwards.
    ///
    /// To be called even if nothing will be sent: a peer too old for the rules is refused here.
    pub fn for_peer(
        &mut self,
        am_sender: bool,
        protocol: u32,
        delete_excluded: bool,
    ) -> Result<Vec<Vec<u8>>, FilterError> {
        let role = if am_sender { Side::Sender } else { Side::Receiver };
        let mut texts = Vec::new();
        let mut send = |rule: &Rule| -> Result<(), FilterError> {
            if rule.effective_side(delete_excluded) != Some(role) {
                texts.push(rule.wire_text(am_sender, protocol, delete_excluded)?);
            }
            Ok(())
        };
        for rule in self.rules.iter() {
            // Only a sender of our age reads the CVS names from its own environment.
            let expand = matches!(rule.kind, Kind::Cvs) && (am_sender || protocol < 29);
            if !expand {
                send(rule)?;
            } else if rule.effective_side(delete_excluded) != Some(role) {
                self.cvs.iter().flat_map(|cvs| cvs.iter()).try_for_each(&mut send)?;
            }
        }
        self.take_role(role, delete_excluded);
        texts.retain(|text| !text.is_empty());
        Ok(texts)
    }

    /// Every rule of the command line, whomever it is for, as the script beside a batch file has it.
    pub fn script_texts(&self) -> impl Iterator<Item = Vec<u8>> {
        self.rules.iter().map(Rule::text_of_option)
    }

    /// [`FilterList::for_peer`] for a client, with the rules of the `-C` option (`cvs`) where they
    /// belong: which of them are sent, and which only added here, depends on direction and protocol.
    pub fn client_list(
        &mut self,
        am_sender: bool,
        protocol: u32,
        delete_excluded: bool,
        cvs: bool,
        cx: &ParseContext,
        loader: &mut dyn Loader,
    ) -> Result<Vec<Vec<u8>>, FilterError> {
        if !cvs {
            return self.for_peer(am_sender, protocol, delete_excluded);
        }
        if !am_sender {
            let texts = self.for_peer(am_sender, protocol, delete_excluded)?;
            self.add_rule(b":C", cx, loader)?;
            // What comes after the sides are settled belongs to both, whatever is deleted.
            self.role = Some((Side::Receiver, false));
            let both = ParseContext { delete_excluded: false, ..cx.clone() };
            self.add_rule(b"-C", &both, loader)?;
            self.role = Some((Side::Receiver, delete_excluded));
            return Ok(texts);
        }
        let dir_merge_is_sent = protocol >= 29;
        if dir_merge_is_sent {
            self.add_rule(b":C", cx, loader)?;
        }
        self.add_rule(b"-C", cx, loader)?;
        let texts = self.for_peer(am_sender, protocol, delete_excluded)?;
        if !dir_merge_is_sent {
            self.add_rule(b":C", cx, loader)?;
        }
        Ok(texts)
    }

    /// What a server adds itself, after the client's list, when it was given `-C`.
    pub fn add_server_cvs(
        &mut self,
        am_sender: bool,
        protocol: u32,
        cx: &ParseContext,
        loader: &mut dyn Loader,
    ) -> Result<(), FilterError> {
        if am_sender {
            self.add_cvs(cx, loader)
        } else if protocol < 29 {
            self.add_rule(b":C", cx, loader)
        } else {
            Ok(())
        }
    }

    /// The list a pulling client tests received names with: as the sender sees it, except that
    /// rules with the `/` modifier do not exclude, since the sender's directory is not known here.
    pub fn for_name_check(&self, delete_excluded: bool) -> FilterList {
        let mut list = self.clone();
        list.take_role(Side::Sender, delete_excluded);
        for rule in Arc::make_mut(&mut list.rules) {
            if rule.flags.any(Flags::ABSOLUTE) && matches!(rule.kind, Kind::Match(_)) {
                let include = rule.flags.any(Flags::INCLUDE);
                rule.flags.set(Flags::MATCH_ALL, include);
                rule.flags.set(Flags::IGNORED, !include);
            }
        }
        list
    }

    fn take_role(&mut self, side: Side, delete_excluded: bool) {
        self.role = Some((side, delete_excluded));
        for rule in Arc::make_mut(&mut self.rules) {
            rule.take_role(side, delete_excluded);
        }
        if let Some(cvs) = &mut self.cvs {
            for rule in Arc::make_mut(cvs) {
                rule.take_role(side, delete_excluded);
            }
        }
    }

    /// Adds a rule from the wire (server).
    pub fn add_from_wire(
        &mut self,
        text: &[u8],
        protocol: u32,
        cx: &ParseContext,
        loader: &mut dyn Loader,
    ) -> Result<(), FilterError> {
        self.wire_bytes = self.wire_bytes.saturating_add(text.len()).saturating_add(64);
        if self.wire_bytes > MAX_WIRE_BYTES {
            let words = format!("[{}] buffer overflow: recv_rules", cx.who);
            return Err(FilterError::new(words.as_bytes(), 22));
        }
        let template = if protocol >= 29 { Template::NEW } else { Template::old(false) };
        self.build(cx, loader, |list| {
            list.add_text(until_nul(text), template, &Origin::Argument, 0)
        })
    }
}

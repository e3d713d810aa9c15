//! Random command lines.

use crate::row::Via;
use fastrand::Rng;

/// Some words of a command line that belong together.
pub type Group = &'static str;

/// What to copy.
const BASES: &[(u32, Group)] = &[
    (60, "-a"),
    (5, "-r"),
    (8, "-rt"),
    (6, "-rlt"),
    (5, "-rlpt"),
    (3, "-rltD"),
    (3, "-dlt"),
    (2, "-lt"),
    (3, "-rpgo"),
    (5, "-a --no-inc-recursive"),
];

/// What to show. Left out is `%B`, which is the mode at the source here, and at a client that receives without `-p` the
/// mode that the file is given there.
const SHOWN: &[(u32, Group)] = &[
    (30, "-i"),
    (15, "-ii"),
    (10, "-v"),
    (6, "-vv"),
    (5, "-vvi"),
    (10, "-i --stats"),
    (3, "-v --progress"),
    (2, ""),
    (3, "-q"),
    (5, "'--out-format=%o|%i|%n|%L|%l|%M|%U|%G|%C'"),
    (2, "-vh --stats"),
    (2, "-v -8"),
    (3, "--info=name2,del2,skip2,nonreg,symsafe,remove,copy,backup,misc"),
];

/// Everything else, with how often it is taken.
///
/// Left out is what we do otherwise on purpose: `-X` without `-p`, which gives a directory with attributes all of its
/// mode at the source, whatever the umask; a backup directory that is made in a directory whose time is set already, by
/// lists that follow (we set it again); `--fake-super`, which keeps a symlink that is there already, where rsync
/// makes a file of it; `--copy-devices`, where a device that cannot be opened is reported by another function.
const OTHERS: &[(u32, Group)] = &[
    (10, "-n"),
    (10, "-H"),
    (8, "-A"),
    (8, "-pX"),
    (4, "-S"),
    (4, "-W"),
    (14, "--no-whole-file"),
    (8, "-c"),
    (4, "-u"),
    (5, "-I"),
    (4, "--size-only"),
    (3, "--existing"),
    (4, "--ignore-existing"),
    (6, "-z"),
    (2, "-z --zc=zlib"),
    (2, "-z --zc=zlibx"),
    (2, "-z --zc=lz4"),
    (1, "-z --zl=1"),
    (2, "--cc=md5"),
    (2, "--cc=xxh64"),
    (1, "--cc=sha1,md4"),
    (4, "-B 700"),
    (2, "-B 2048"),
    (6, "--inplace"),
    (3, "--append"),
    (3, "--append-verify"),
    (2, "--partial"),
    (4, "--partial-dir=.pp"),
    (4, "--delay-updates"),
    (4, "-T {top}/tmp"),
    (8, "-b"),
    (4, "-b --suffix=.old"),
    (5, "-b --backup-dir=bak --no-i-r"),
    (4, "-b --backup-dir={top}/bak"),
    (10, "--delete"),
    (5, "--delete-before"),
    (5, "--delete-after"),
    (5, "--delete-delay"),
    (3, "--delete-excluded"),
    (3, "--max-delete=2"),
    (4, "--force"),
    (2, "--ignore-errors"),
    (6, "--exclude=*.o"),
    (3, "--exclude=/dir"),
    (3, "--include=*/ --include=*.c --exclude=*"),
    (3, "'--filter=P b'"),
    (2, "'--filter=H sub/'"),
    (2, "'--filter=-! */'"),
    (2, "-F"),
    (2, "-C"),
    (4, "-m"),
    (5, "-R"),
    (2, "-R --no-implied-dirs"),
    (3, "--max-size=4096"),
    (3, "--min-size=2"),
    (3, "-k"),
    (3, "-L"),
    (3, "--copy-unsafe-links"),
    (3, "--safe-links"),
    (2, "--munge-links"),
    (2, "-x"),
    (3, "--chmod=Du=rwx,go=rx,Fa-x,g+w"),
    (2, "--chmod=a-w"),
    (2, "--chown=33:44"),
    (2, "--usermap=1:2,1000:0,*:5"),
    (2, "--groupmap=1-1000:99"),
    (3, "--numeric-ids"),
    (3, "-O"),
    (2, "-J"),
    (3, "--no-times"),
    (3, "--no-perms"),
    (2, "--no-owner"),
    (2, "--no-group"),
    (2, "--no-links"),
    (2, "--no-devices"),
    (2, "--no-specials"),
    (3, "-E"),
    (2, "--modify-window=1"),
    (2, "--modify-window=-1"),
    (6, "--link-dest=../alt"),
    (4, "--compare-dest=../alt"),
    (4, "--copy-dest=../alt"),
    (2, "--link-dest={top}/alt --link-dest=../alt2"),
    (4, "-y"),
    (5, "--remove-source-files"),
    (2, "--super"),
    (1, "--mkpath"),
    (1, "--fsync"),
    (1, "--preallocate"),
    (1, "--open-noatime"),
    (2, "--no-inc-recursive"),
    (2, "--numeric-ids --no-inc-recursive"),
    (2, "--protocol=31"),
    (2, "--protocol=30"),
    (2, "--protocol=29"),
    (1, "--protocol=28"),
    (1, "--timeout=60"),
    (1, "-s"),
    (1, "--stderr=client"),
    (1, "--drop-D"),
    (3, "--delete-missing-args"),
    (2, "--ignore-missing-args"),
    (5, "--files-from={top}/list"),
    (3, "--files-from={top}/list -r"),
    (2, "--files-from={top}/list --no-R"),
    (2, "'--filter=: .rules'"),
    (2, "'--filter=:n- .rules'"),
    (2, "'--filter=P *.o' '--filter=R f.o'"),
    (2, "'--filter=-p c'"),
    (2, "--old-dirs"),
    (2, "--ignore-non-existing -u"),
    (1, "--no-implied-dirs"),
    (1, "--checksum-seed=5"),
    (1, "--trust-sender"),
    (1, "--old-args"),
    (1, "--no-i-r --delay-updates"),
    (1, "--list-only"),
    (1, "-B 131072"),
    (1, "--bwlimit=100m"),
    (3, "-K"),
    (2, "-U"),
    (1, "-UU"),
    (1, "-HH"),
    (1, "-xx"),
    (2, "-yy --link-dest=../alt"),
    (2, "-d"),
    (2, "-0"),
    (2, "-z --skip-compress=o/gz"),
    (1, "-z --compress-threads=2"),
    (2, "--exclude-from={top}/rules"),
    (1, "--include-from={top}/rules --exclude=*"),
    (2, "'--filter=. {top}/rules'"),
    (1, "--files-from={top}/list -0"),
    (2, "--partial-dir={top}/pp"),
    (1, "--insecure-links"),
    (1, "--confine-root={top}"),
    (1, "--copy-as=33:44"),
    (1, "--max-alloc=1g"),
    (1, "--max-delete=0"),
    (1, "--modify-window=2"),
    (1, "--outbuf=B"),
    (1, "--stop-after=10"),
    (1, "--sockopts=TCP_NODELAY"),
    (1, "--no-motd"),
    (1, "--blocking-io"),
    (1, "-4"),
    (1, "-M--no-i-r"),
    (1, "-M--munge-links"),
    (1, "--chmod=D2755,F640"),
    (1, "--no-whole-file --debug=deltasum1"),
    (1, "--compare-dest=../alt --compare-dest=../alt2"),
    (1, "--copy-dest={top}/alt2 --copy-dest=../alt"),
    (1, "-b --suffix=.o"),
    (1, "--no-R"),
    (1, "--no-o --no-g --no-p"),
    (5, "--log-file={log}"),
    (2, "--log-file={log} '--log-file-format=%o %f %l %i %M'"),
    (1, "'--log-file-format=%i %n'"),
    (4, "--iconv=UTF-8,ISO-8859-1"),
    (3, "--iconv=ISO-8859-1,UTF-8"),
    (1, "-N"),
    (2, "--early-input=early"),
    (3, "--contimeout=10"),
    (1, "--ignore-times --checksum"),
    (1, "--write-devices"),
    (1, "--no-inc-recursive --files-from={top}/list"),
];

/// What may not come together: a group that starts with the first and one that starts with one of the others.
///
/// - Both ends refuse `-A`, `-X` and `-m` with an old protocol, and which of them is heard is chance. Secluded arguments
///   have a form of their own there, and deletions are shown without a name.
/// - Rsync counts names on a line that it wipes off when directories are scanned for deletions ahead of the transfer.
/// - Before protocol 29 other names are shown. Reading a file may change its access time, or not,
///   and with `-U` rsync gives a linked file the permissions of what it replaces.
/// - With `--append-verify` and `--write-devices` its backups lose a part of their times before protocol 30.
/// - Both ends refuse several alternate directories and `-y` with protocol 28.
/// - A mistake in a file of rules is in our log file, but not in rsync's.
/// - With `--append` rsync takes a basis from another directory for what is in the destination already, and with `-S`, too,
///   it loses what was there.
/// - What is wrong in a file of rules rsync says before it knows the log file.
/// - What rsync has read of one alternate directory it takes for what the next one has, if it is attributes or ACLs.
/// - Once rsync has looked for a missing name in a directory, `--no-implied-dirs` does not make it for others.
/// - With `--remove-source-files` rsync loses extended attributes.
/// - With `--chown`, and without owners and groups, rsync's server waits for names of ids that no client sends, or gives
///   everything to root (`owners/groupmap-without-groups`).
const EXCLUSIVE: &[(&str, &[&str])] = &[
    ("--chown", &["--no-o", "--no-g"]),
    ("--usermap", &["--no-o"]),
    ("--groupmap", &["--no-o --no-g", "--no-g"]),
    ("--remove-source-files", &["-pX"]),
    ("--protocol=2", &["-A", "-pX", "-m", "-s", "--del", "--max-delete"]),
    ("-v", &["--protocol=28"]),
    ("-v --progress", &["--iconv"]),
    ("-U", &["-c", "--ignore-times --checksum", "--link-dest"]),
    ("-C", &["--protocol=28"]),
    ("-F", &["--protocol=28"]),
    ("'--filter", &["--protocol=28"]),
    ("'--filter=-p", &["--protocol=2"]),
    ("-v --progress", &["--delete-before", "--delete-after", "--delete-delay"]),
    ("-pX", &["--no-perms", "--no-o"]),
    ("--protocol=28", TWO_ALTERNATES),
    ("--protocol=28", &["-y"]),
    ("--log-file", &["'--filter=. {top}", "--exclude-from", "--include-from"]),
    ("--append-verify", &["-b"]),
    ("--write-devices", &["-b"]),
    ("'--filter=. ", &["--log-file"]),
    ("--delete-missing-args", &["-R --no-implied-dirs", "--no-implied-dirs"]),
    ("-A", TWO_ALTERNATES),
    ("-pX", TWO_ALTERNATES),
    ("--append", &["-S", "-y", "--link-dest", "--copy-dest", "--compare-dest"]),
];

const TWO_ALTERNATES: &[&str] = &[
    "--link-dest={top}/alt --link-dest",
    "--compare-dest=../alt --compare-dest",
    "--copy-dest={top}/alt2 --copy-dest",
];

fn weighted(rng: &mut Rng, from: &[(u32, Group)]) -> Group {
    let total = from.iter().map(|(weight, _)| weight).sum::<u32>();
    let mut at = rng.u32(..total);
    for (weight, group) in from {
        if at < *weight {
            return group;
        }
        at -= weight;
    }
    unreachable!("the weights add up to their total")
}

/// One of those groups, by its text.
///
/// # Panics
/// There is none.
pub fn group(text: &str) -> Group {
    let found = OTHERS.iter().map(|(_, group)| *group).find(|group| *group == text);
    found.unwrap_or_else(|| panic!("no random case has {text:?}"))
}

/// A command line that has at least the options `with`.
pub fn command_line(rng: &mut Rng, with: &[Group]) -> Vec<Group> {
    let mut groups = vec![weighted(rng, BASES), weighted(rng, SHOWN)];
    groups.extend(with);
    // Most surprises are in combinations of a few.
    for _ in 0..[0, 1, 1, 2, 2, 3, 3, 4, 5, 7][rng.usize(..10)] {
        let group = weighted(rng, OTHERS);
        let refused = EXCLUSIVE.iter().any(|(one, others)| {
            let is = |group: &Group| group.starts_with(one);
            let may_not = |group: &Group| others.iter().any(|other| group.starts_with(other));
            groups.iter().any(|other| is(other) && may_not(&group) || may_not(other) && is(&group))
        });
        if !groups.contains(&group) && !refused {
            groups.push(group);
        }
    }
    groups
}

/// The charset of names at the source.
pub fn charset(groups: &[Group], via: Via) -> Option<&'static str> {
    let spec = groups.iter().find_map(|group| group.strip_prefix("--iconv="))?;
    let (here, there) = spec.split_once(',').unwrap_or((spec, "ISO-8859-1"));
    Some(if matches!(via, Via::Pull | Via::DaemonPull) { there } else { here })
}

/// Whether it has rules that may hide a name that is asked for.
pub fn hides(group: Group) -> bool {
    ["clude", "--filter", "-F", "-C", "--old-dirs"].iter().any(|word| group.contains(word))
}

/// Whether two processes of rsync itself may write lines in any order: what the generator says, and what the other
/// side shows of transfers.
pub fn any_order(groups: &[Group]) -> bool {
    groups.iter().any(|group| {
        [
            "--del",
            "-vv",
            "-b",
            "--info",
            "--force",
            "--safe",
            "--remove",
            "-R",
            "--backup",
            "-H",
            "--protocol=2",
        ]
        .iter()
        .any(|start| group.contains(start))
    })
}

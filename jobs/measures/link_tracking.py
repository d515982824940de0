"""The parameters of addresses that only track who shared a link, and where: everywhere, and on known sites."""

TRACKING = (
    *("utm_*", "fbclid", "gclid", "igshid"),
    *("igsh", "dclid", "gbraid", "wbraid", "msclkid", "yclid", "twclid", "ttclid", "li_fat_id", "mc_cid", "mc_eid"),
)
"""The parameters that track on every site. `*` stands for any ending."""
OF_SITES = {
    "aliexpress.": ("spm", "scm", "aff_*", "algo_*", "sk", "srcsns", "tt"),
    "amazon.": ("ref", "ref_", "pd_rd_*", "pf_rd_*", "linkcode", "linkid", "content-id", "qid", "tag"),
    "apnews.com": ("taid",),
    "bbc.com": ("at_*", "ns_*", "xtor", "ocid"),
    "bbc.co.uk": ("at_*", "ns_*", "xtor", "ocid"),
    "bilibili.com": ("spm_id_from", "vd_source", "share_*", "from_spmid", "unique_k", "bbid", "ts"),
    "bloomberg.com": ("srnd", "sref", "cmpid"),
    "cnn.com": ("cid", "iid"),
    "ebay.": ("mkevt", "mkcid", "mkrid", "campid", "toolid", "customid", "_trk*", "ssspo", "sssrc", "ssuid", "amdata"),
    "facebook.com": ("__tn__", "__cft__*", "__xts__*", "mibextid", "rdid", "share_url", "refsrc", "_rdr", "sfnsn"),
    "google.": ("ved", "ei", "sa", "usg", "sca_esv", "gs_lp", "gs_lcrp", "sclient", "sourceid"),
    "lemonde.fr": ("lmd_*", "xtor"),
    "linkedin.com": ("trk", "trkinfo", "trackingid", "lipi", "rcm", "originalsubdomain"),
    "medium.com": ("source", "sk"),
    "nytimes.com": ("smid", "smtyp", "partner", "emc", "referringsource", "unlocked_article_code"),
    "pinterest.": ("sfo", "invite_code", "sender"),
    "reddit.com": ("share_id", "rdt", "ref", "ref_source", "ref_campaign"),
    "reuters.com": ("taid",),
    "spotify.com": ("si", "nd", "dlsi"),
    "theguardian.com": ("cmp", "intcmp"),
    "tiktok.com": (
        *("_r", "_t", "is_from_webapp", "sender_device", "sender_web_id", "web_id", "u_code", "is_copy_url"),
        *("share_*", "tt_from", "sec_user_id", "sec_uid", "source", "timestamp", "user_id", "preview_pb", "checksum"),
    ),
    "twitter.com": ("s", "t", "ref_src", "ref_url", "cxt"),
    "washingtonpost.com": ("wpisrc", "wpmk", "wpmm", "itid", "pwapi_token"),
    "wsj.com": ("mod", "st", "reflink"),
    "x.com": ("s", "t", "ref_src", "ref_url", "cxt"),
    "youtu.be": ("si", "feature", "ab_channel", "pp"),
    "youtube.com": ("si", "feature", "ab_channel", "pp"),
}
"""The parameters that track on one site; a name with a dot at its end stands for the site in every country."""


def _rule(names: tuple[str, ...]) -> tuple[frozenset[str], tuple[str, ...]]:
    """Returns the names that must be the same, and the beginnings of the others."""
    return frozenset(n for n in names if "*" not in n), tuple(n.removesuffix("*") for n in names if "*" in n)


_EVERYWHERE = _rule(TRACKING)
_RULES = {site: _rule(names) for site, names in OF_SITES.items()}
_NONE = _rule(())


def tracks(name: str, site: str) -> bool:
    """Returns whether a parameter only tracks. `name` is in lower case."""
    of_site = _RULES.get(site) or _RULES.get(f"{site.partition('.')[0]}.", _NONE)
    return any(name in names or name.startswith(starts) for names, starts in (_EVERYWHERE, of_site))

-- The poll of every race over a file of X v2 stream lines: one author, one vote, by hour, day and window.
-- bench/duckdb_poll.py fills in the names with a dollar sign from the topic and the window. Times are UTC, without zone.

-- Each macro uses its argument several times, so it is called with a column and not with an expression.
CREATE MACRO unescaped(t) AS
    CASE WHEN contains(t, '&') THEN replace(replace(replace(t, '&lt;', '<'), '&gt;', '>'), '&amp;', '&') ELSE t END;
-- RE2 has no lookbehind, so the sign before a handle is matched, and put back.
CREATE MACRO without_handles(t) AS
    CASE WHEN contains(t, '@') OR contains(t, '＠')
         THEN regexp_replace(t, '(^|[^\p{L}\p{M}\p{N}_])[@＠][\p{L}\p{M}\p{N}_]+', '\1 ', 'g') ELSE t END;
CREATE MACRO without_urls(t) AS
    CASE WHEN contains(t, '://') THEN regexp_replace(t, '(?i)https?://\S+', ' ', 'g') ELSE t END;
-- Full-width signs and bold letters become plain ones. `translate` is slow, so most texts go around it.
CREATE MACRO plain(t) AS
    CASE WHEN strlen(t) = length(t) THEN t
         WHEN regexp_matches(t, '[\x{FF01}-\x{FF5E}\x{1D5D4}-\x{1D607}]') THEN translate(t, $styled, $plain) ELSE t END;
-- White space stays: the patterns of the aliases take any.
CREATE MACRO folded(t) AS CASE WHEN strlen(t) = length(t) THEN lower(t) ELSE lower(strip_accents(t)) END;

CREATE TABLE candidates AS SELECT * FROM (VALUES $candidates) AS v(number, race, candidate);

CREATE TABLE poll AS
WITH lines AS (
    SELECT
        data.created_at::TIMESTAMP AS event_at,
        data,
        coalesce(includes.users, []) AS users,
        coalesce(includes.tweets, []) AS tweets,
        coalesce(list_transform(data.referenced_tweets, lambda r: r.type), []) AS kinds,
        coalesce(list_transform(data.referenced_tweets, lambda r: r.id), []) AS ref_ids
    FROM read_json($file, format = 'newline_delimited', columns = {
        data: 'STRUCT(id VARCHAR, author_id VARCHAR, created_at VARCHAR, text VARCHAR, in_reply_to_user_id VARCHAR,
            referenced_tweets STRUCT(type VARCHAR, id VARCHAR)[], entities $entities,
            note_tweet STRUCT(text VARCHAR, entities $entities))',
        includes: 'STRUCT(users STRUCT(id VARCHAR, username VARCHAR)[], tweets STRUCT(id VARCHAR, author_id VARCHAR,
            text VARCHAR, entities $entities, note_tweet STRUCT(text VARCHAR, entities $entities))[])'
    })
    WHERE event_at >= $start AND event_at < $end
),
-- A retweet has the full text and the entities of the post that it repeats, if the line includes that post.
shown AS (
    SELECT
        event_at,
        data.author_id AS author,
        CASE
            WHEN list_contains(kinds, 'retweeted') THEN 'retweet'
            WHEN list_contains(kinds, 'replied_to') THEN 'reply'
            WHEN list_contains(kinds, 'quoted') THEN 'quote'
            ELSE 'original'
        END AS kind,
        users,
        list_append(
            list_transform(list_filter(tweets, lambda t: list_contains(ref_ids, t.id)), lambda t: t.author_id),
            data.in_reply_to_user_id
        ) AS others,
        coalesce(
            list_filter(tweets, lambda t: t.id = ref_ids[list_position(kinds, 'retweeted')])[1],
            {id: data.id, author_id: data.author_id, text: data.text, entities: data.entities,
                note_tweet: data.note_tweet}
        ) AS post
    FROM lines
),
texts AS (
    SELECT
        event_at, author, kind,
        coalesce(post.note_tweet.text, post.text) AS text,
        coalesce(post.note_tweet.entities, post.entities) AS entities,
        list_transform(
            list_filter(users, lambda u: list_contains(others, u.id)), lambda u: lower(u.username)
        ) AS other_handles
    FROM shown
),
unescaped AS (SELECT * REPLACE (unescaped(text) AS text) FROM texts),
without_handles AS (SELECT * REPLACE (without_handles(text) AS text) FROM unescaped),
without_urls AS (SELECT * REPLACE (without_urls(text) AS text) FROM without_handles),
plain AS (SELECT * REPLACE (plain(text) AS text) FROM without_urls),
found AS (
    SELECT
        event_at, author, kind,
        folded(text) AS text,
        coalesce(list_transform(entities.hashtags, lambda h: folded(plain(h.tag))), []) AS tags,
        list_concat(list_transform(entities.mentions, lambda m: lower(m.username)), other_handles) AS handles
    FROM plain
),
-- Most texts hold no alias of anyone, which one pattern of all aliases finds out.
hinted AS (SELECT *, regexp_matches(text, $hint) AS hint FROM found),
flagged AS (SELECT event_at, author, kind, $flags FROM hinted),
-- One row per post and candidate, and one per post and race, under the race's own number.
named AS (
    SELECT event_at, author, kind, unnest(list_filter($numbers, lambda n: n IS NOT NULL)) AS number
    FROM flagged WHERE $anyone
),
dated AS MATERIALIZED (
    SELECT
        *,
        date_trunc('hour', event_at) AS hour,
        date_trunc('day', event_at + $offset) - $offset AS day
    FROM named
),
in_periods AS (
    SELECT number, author, kind, 'window' AS period, $start AS period_start, $end AS period_end FROM dated
    UNION ALL
    SELECT number, author, kind, 'hour', hour, hour + INTERVAL 1 HOUR FROM dated
    WHERE hour >= $start AND hour + INTERVAL 1 HOUR <= $end
    UNION ALL
    SELECT number, author, kind, 'day', day, day + INTERVAL 1 DAY FROM dated
    WHERE day >= $start AND day + INTERVAL 1 DAY <= $end
),
by_author AS (
    SELECT
        race, candidate, period, period_start, period_end, author,
        count(*) AS posts,
        count(*) FILTER (kind = 'original') AS originals,
        count(*) FILTER (kind = 'retweet') AS retweets,
        count(*) FILTER (kind = 'reply') AS replies,
        count(*) FILTER (kind = 'quote') AS quotes
    FROM in_periods JOIN candidates USING (number)
    GROUP BY ALL
),
voted AS (
    SELECT
        *,
        posts / sum(posts) FILTER (candidate <> '')
            OVER (PARTITION BY race, period, period_start, period_end, author) AS vote
    FROM by_author
),
summed AS (
    SELECT
        race, candidate, period, period_start, period_end,
        sum(posts) AS posts, sum(originals) AS originals, sum(retweets) AS retweets, sum(replies) AS replies,
        sum(quotes) AS quotes, count(*) AS authors, sum(vote) AS votes, var_pop(vote) * count(*) AS deviations
    FROM voted
    GROUP BY ALL
),
totals AS (
    SELECT
        race, period, period_start, period_end,
        sum(posts) FILTER (candidate <> '') AS mentions,
        any_value(posts) FILTER (candidate = '') AS posts_total,
        any_value(authors) FILTER (candidate = '') AS authors_total
    FROM summed
    GROUP BY ALL
),
-- Every candidate of a race, also those whom nobody mentions in the period.
counted AS (
    SELECT
        race, period, period_start, period_end, candidate, mentions, posts_total, authors_total,
        coalesce(posts, 0) AS posts, coalesce(originals, 0) AS originals, coalesce(retweets, 0) AS retweets,
        coalesce(replies, 0) AS replies, coalesce(quotes, 0) AS quotes, coalesce(authors, 0) AS authors,
        coalesce(votes, 0) AS votes, coalesce(deviations, 0) AS deviations
    FROM totals JOIN (SELECT race, candidate FROM candidates WHERE candidate <> '') USING (race)
    LEFT JOIN summed USING (race, candidate, period, period_start, period_end)
),
shared AS (
    SELECT
        *,
        posts / mentions AS share_posts,
        votes / authors_total AS share_authors,
        deviations + (authors_total - authors) * share_authors ** 2
            + CASE WHEN authors > 0 THEN authors * (votes / authors - share_authors) ** 2 ELSE 0 END AS squares,
        CASE WHEN authors_total > 1 THEN $z * sqrt(squares / (authors_total - 1) / authors_total) END AS half
    FROM counted
)
SELECT
    race, period, period_start, period_end, candidate, posts, originals, retweets, replies, quotes, authors,
    posts_total, authors_total, share_posts, share_authors,
    CASE WHEN half IS NOT NULL THEN greatest(share_authors - half, 0) END AS share_authors_low,
    CASE WHEN half IS NOT NULL THEN least(share_authors + half, 1) END AS share_authors_high
FROM shared;
COPY poll TO $out (FORMAT parquet);

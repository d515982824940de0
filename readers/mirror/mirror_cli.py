"""`python -m readers mirror`: the posts of days that are over as files, so that notebooks read them at once."""

from conf.settings import load_settings
from conf.terminal import ERR, progress
from conf.topic import load_topic
from readers import options
from stores.connect import cassandra_session


def mirror(topic: options.Topic) -> None:
    """Keep the posts of days that are over as Parquet files in PULSO_HOME/mirror, for `posts` in notebooks.

    Only days that were changed since are written again. Nobody is shown a post that was deleted meanwhile.
    """
    from readers.mirror.mirror import mirror as mirror_days

    settings = load_settings()
    topic_file = load_topic(topic, settings.topics_dir)
    with cassandra_session(settings) as session, progress() as display:
        task = display.add_task("mirror", total=None, note="days")
        made = mirror_days(
            session, settings, topic_file, lambda done, days: display.update(task, completed=done, total=days)
        )
    told = f"{made.written:,} days written ({made.posts:,} posts), {made.current:,} unchanged, {made.removed:,} removed"
    ERR.print(f"{told}; in {made.folder}", highlight=False, markup=False, soft_wrap=True)

"""Sentences with slots, in English ("en") and in Tagalog mixed with English ("tl"): ordinary talk about a campaign.

`{a}` and `{b}` are candidates; vocabulary.py and voices.py fill the other slots. Texts are HTML-escaped, as X delivers
them. Phrases praise positions, ask about them or doubt them. No phrase says anything else about a person.
"""

Phrases = dict[str, tuple[str, ...]]

ABOUT: Phrases = {
    "en": (
        "{a} makes sense on {issue}.",
        "I want to hear more about {issue} from {a}.",
        "Good crowd for {a} in {place} today {emoji}",
        "{a} on {issue}: still waiting for {thing}",
        "Not convinced by what {a} said about {issue}",
        "My vote goes to {a}. {issue} matters to me.",
        "Still undecided but {a} did well tonight",
        "That was the best answer on {issue} so far, {a} {emoji}",
        "Can someone explain the {issue} platform of {a}?",
        "{a} for {place}! {emoji}",
        'So {a} says "{issue} first". Show us {thing}.',
        "Watching the interview of {a}, {issue} part is worth it",
        "From {place} with love: {a} {emoji}{emoji}",
        "{a} dodged the question on {issue} (again)",
        "If {a} fixes {issue} I will be happy for the next {n} years",
        "New ad of {a} is everywhere, still no {thing} on {issue}",
        "My whole family in {place} is for {a}",
        "{n} reasons to think twice about {a} and {issue}. A thread",
        "{emoji}{a}{emoji} for the win",
        "Respect to {a} for talking about {issue}",
        "What {a} promised on {issue} costs money &amp; time",
        "Survey says {n}% for {a} in {place}, let's see",
        "Team {a} here. Debate me on {issue} &gt;:)",
        "Traffic in {place} because of the {a} rally {emoji}",
        "I &lt;3 {a} but the plan for {issue} needs {thing}",
        "The {a} campaign in {place}: all about {issue}",
        "OK, {a}. Now tell us how you pay for {issue}.",
        "{a}/{issue}/{n}: discuss",
    ),
    "tl": (
        "{a} tayo! Para sa {issue} {emoji}",
        "Ano ba talaga ang plano ni {a} sa {issue}?",
        "Dito sa {place}, {a} kami {emoji}",
        "Magaling sumagot si {a} tungkol sa {issue}",
        "Hindi ako bilib sa sinabi ni {a} sa {issue}, sorry",
        "Kay {a} ako kasi may {thing}",
        "Grabe ang tao sa rally ni {a} sa {place}!",
        "Sana all may {thing} gaya ni {a}",
        "{a} na lang para sa {issue}, promise",
        "Si {a} lang ang may malinaw na {thing} sa {issue}",
        "Puro salita si {a}, nasaan ang {thing}?",
        "Buong pamilya namin sa {place}, {a}!",
        "Pakinggan muna natin si {a} bago humusga",
        "Paano naman ang {issue}, {a}? Nagtatanong lang po",
        "Ok naman si {a} pero yung {issue}, kulang sa {thing}",
        "Pang-{n} na rally na namin, {a} pa rin ang boto {emoji}",
        "Bet ko talaga si {a}, lalo na sa {issue}",
        "Sabi ni {a} uunahin ang {issue}. Abangan.",
        "May point si {a} dun ha, sa {issue}",
        "Nakaka-proud si {a} kanina {emoji}",
        "Trapik na naman sa {place}, may sortie si {a}",
        "Hindi pa rin ako sure kay {a}, ikaw?",
        "{a}!!! Ito na ang pagbabago sa {issue}",
        "Mga taga-{place}, {a} ba tayo?",
        "Laban {a}! {emoji} Para sa bayan",
        "Ang tanong: may {thing} ba si {a} sa {issue}?",
        "Napanood nyo ba si {a}? {issue} agad ang tanong",
        "Kung si {a} ang mananalo, sana unahin ang {issue}",
        "Iba talaga si {a} pag {issue} na ang usapan",
        "Tahimik si {a} sa {issue}, bakit kaya {emoji}",
    ),
}
PAIRS: Phrases = {
    "en": (
        "{a} or {b}? Hard choice on {issue}",
        "{a} &gt; {b} when it comes to {issue}",
        "Comparing {a} and {b} on {issue}, both need {thing}",
        "{a} and {b} together in {place} {emoji}",
        "{a}/{b} all the way",
        "Undecided between {a} and {b}, sell me your {issue} plan",
        "{a} vs. {b} tonight, who had more {thing}?",
        "I like {a} but {b} has {thing} on {issue}",
        "{a} &amp; {b}: same {issue}, different {thing}",
        "{b} asked, {a} answered. {issue} matters",
    ),
    "tl": (
        "{a} o {b}? Hirap pumili pag {issue}",
        "{a} tsaka {b} sa balota ko {emoji}",
        "Mas ok si {a} kaysa kay {b} sa {issue}",
        "Sina {a} at {b} nasa {place} ngayon",
        "Gusto ko si {a} pero si {b} ang may {thing}",
        "{a} - {b} tandem para sa {issue}!",
        "Tinanong ni {b} si {a} sa {issue}, ayun",
        "Dati {b} ako, ngayon {a} na dahil sa {issue}",
        "{a} ang presidente ng puso ko, {b} naman kay misis {emoji}",
        "Parehong walang {thing} sina {a} &amp; {b} sa {issue}",
    ),
}
NOBODY: Phrases = {
    "en": (
        "{n} days to go. Check your precinct, {place}! {tag}",
        "Watching the debate with my family in {place} {tag}",
        "Nobody talks about {issue} {tag}",
        "{tag} and still no word on {issue} {emoji}",
        "Please vote wisely, think of {issue}. {tag}",
        "The moderator is the real winner tonight {tag} {emoji}",
        "Live Q&amp;A on {issue} at {n} past 8 {tag}",
        "Long line at the {place} registration, #{n} here {tag}",
        "Internet is so slow in {place} I missed the part on {issue}",
        "Can we have a debate on {issue} only? {tag}",
        "{n}% of us here in {place} are undecided {tag}",
        "My feed is all {trap} and {issue} today",
        "Reading {trap} in {place} while everyone watches TV",
        "We want {thing}, not slogans. {tag}",
        "All of them said {issue}. None had {thing} {emoji}",
        "Good morning {place}! {tag}",
    ),
    "tl": (
        "Sino ang iboboto nyo? Ako {issue} ang basehan {tag}",
        "Ang haba ng pila sa {place} {emoji} {tag}",
        "Sana pag-usapan naman ang {issue} {tag}",
        "Nood muna ng debate dito sa {place} {tag} {emoji}",
        "Wala na bang ibang issue? {issue} naman! {tag}",
        "Panahon pa ni Noynóy yang {issue} na yan {tag}",
        "{n} tulog na lang, botohan na! {tag}",
        "Bumoto nang tama, {place}! {tag}",
        "Ang ingay ng jingle sa {place}, {n} beses na {emoji}",
        "Binayaran daw o hindi, {trap} pa rin ang usapan",
        "{trap} ang trending, hindi {issue}. Hay.",
        "Kumain muna tayo bago mag-debate tungkol sa {issue} {emoji}",
        "Nag-away na naman ang mga tito ko dahil sa {issue} {tag}",
        "Kailangan natin ng {thing}, hindi pangako {tag}",
        "Brownout sa {place} habang debate {emoji} {tag}",
        "Mabuhay ang mga guro na magbabantay ng boto sa {place} {tag}",
    ),
}
ANSWERS: Phrases = {
    "en": (
        "agree, {issue} first", "source po?", "not true for {place} though", "that's what my mom says {emoji}",
        "show me {thing} on {issue}", "ok but what about {issue}", "same here in {place}",
        "thank you po {emoji}",
        "you said that {n} days ago too", "with all due respect, no.", "exactly {emoji} {issue}!",
        "let's wait &amp; see",
        "I counted {n} times", "haha {emoji}", "good luck in {place}", "still waiting for {thing}",
    ),
    "tl": (
        "tama ka dyan, {issue} talaga", "hindi rin po", "saan mo nakuha yan? sa {place}?", "hahaha {emoji}",
        "{n} na beses mo na sinabi yan", "dito sa {place} iba ang kwento", "kaya nga eh, kulang sa {thing}",
        "respeto na lang po tayo {emoji}", "salamat po!", "asan ang {thing}?",
        "true yan {emoji} {issue} pa more",
        "magbasa muna tungkol sa {issue}", "good luck na lang sa {place}", "opo, noted", "ay weh? {emoji}",
        "sige nga, {issue}, paano?",
    ),
}  # fmt: skip
OFFICIAL: Phrases = {
    "en": (
        "Thank you, {place}! {emoji} Your stories about {issue} stay with me.",
        "On my first {n} days: {issue}. Here is how. {own}",
        "We met workers in {place} today. {issue} cannot wait.",
        "See you tonight in {place}. We will talk about {issue} &amp; {thing}.",
        "My answer on {issue}, in full: {link}",
    ),
    "tl": (
        "Maraming salamat, {place}! {emoji}",
        "Ang {issue} ang uunahin natin. Sama-sama po tayo. {own} {tag}",
        "Magkita-kita po tayo sa {place} mamaya {emoji} {own}",
        "Kapag {issue} ang usapan, {thing} ang kailangan.",
        "Nakausap natin ang mga taga-{place} tungkol sa {issue}. Narinig namin kayo.",
    ),
}
BOT_LINES = (
    "VOTE {a}! The only choice for {issue} {emoji} {tag}",
    "{a} is number 1 in {place}!!! RT if you agree {emoji} {tag}",
    "Breaking: {a} leads again! {n}% and rising {emoji} {tag}",
    "Real change is coming. {a} for {issue} {tag} {emoji}",
)
FILLERS: Phrases = {
    "en": (
        "I have been a voter in {place} for {n} years and in all that time I never saw a campaign in which so many "
        "people at home, at work and in the jeepney talked about {issue} every single day.",
        "Let me be fair: every camp has said something useful about {issue}, and every camp has also said something "
        "that made my whole office in {place} laugh out loud during lunch.",
        "For those asking why {issue} is still on my list: because the queue in {place} was {n} people long this "
        "morning and nobody in charge could give us {thing}.",
    ),
    "tl": (
        "Ilang taon na akong bumoboto dito sa {place} at ngayon ko lang nakita na ganito karaming tao ang nag-uusap "
        "tungkol sa {issue}, mula sa palengke hanggang sa simbahan, araw-araw na lang.",
        "Sa totoo lang, lahat naman sila may magandang sinabi tungkol sa {issue}, pero kami dito sa {place}, ang "
        "hinahanap namin ay {thing} at hindi puro pangako sa entablado.",
        "Kwento ko lang: kanina sa pila sa {place}, {n} kaming naghihintay, at lahat ng katabi ko {issue} ang "
        "bukambibig, walang away, walang murahan, puro tanong lang.",
    ),
}
OPENERS = (
    "Hay.", "Grabe!", "Honestly,", "Sa totoo lang,", "OMG", "Hoy!", "Mga besh,", "Real talk:", "Ok fine.", "Naku,",
    "Beshie,", "Breaking:", "Unpopular opinion:", "Kanina lang:", "LOL", "Wow.", "Serious question:", "FYI:", "Guys,",
    "Eto na,",
)  # fmt: skip
CLOSERS = (
    "Just saying.", "Diba?", "Charot!", "Peace!", "Hay nako.", "No hate, just facts.", "Period.", "Change my mind.",
    "Ok?", "Bow.", "Goodnight na.", "Kape muna.", "Ganern.", "Sana all.", "Let's go!!!", "Hmm...", "Yun lang po.",
    "#1 tayo!", "Mabuhay!", "Sad but true.",
)  # fmt: skip
LOOKALIKES: Phrases = {
    "en": (
        "My neighbour {alias} sells a fridge in {place}, message me", "{alias} Street in {place} is flooded {emoji}",
        "Happy birthday to my cousin {alias}! {emoji}", "Reading the novel of {alias}, {n} pages to go",
        "Shoes {n}% off today {emoji} {own}", "Follow for follow {emoji} {own} {link}", "Lost dog in {place}: {alias}",
    ),
    "tl": (
        "Si {alias} na pinsan ko, nasa {place} na {emoji}", "Trapik sa {alias} Street {emoji}",
        "Maligayang kaarawan sa tita ko na si {alias}! {emoji}", "Sapatos, {n}% off ngayon {emoji} {own}",
        "Nawawala ang pusa namin sa {place}, {alias} ang pangalan", "Ang ganda ng nobela ni {alias} {emoji}",
    ),
}  # fmt: skip
"""Another person, a street, a pet of that name, and adverts under a candidate's hashtag: found, but not meant."""
BOTS: Phrases = {"en": BOT_LINES, "tl": BOT_LINES}
FACES: Phrases = {"en": ("{a} {emoji}{emoji}{emoji}",), "tl": ("{a} {emoji}{emoji}",)}
TAILS = (
    *("",) * 31, *("{tag}",) * 18, *("#{trend}",) * 8, *("{own}",) * 8, *("{emoji}",) * 8, *("{link}",) * 12,
    *("cc @{user}",) * 8, *("{tag} {link}",) * 4, *("({trap})",) * 3,
)  # fmt: skip

"""Words that fill the slots of the phrases, and parts of made-up handles and profiles. All are made up or common."""

from corpus.phrases import Phrases

# Long lists of words are easier to read with several words on a line.
# fmt: off
ISSUES: Phrases = {
    "en": (
        "jobs", "traffic", "peace &amp; order", "education", "health care", "federalism", "agriculture",
        "rice prices", "contractualization", "free tuition", "the drug problem", "climate change",
        "the West Philippine Sea", "transport", "tax reform", "corruption", "OFW welfare", "housing",
        "internet speed", "Mindanao peace talks", "disaster relief", "small business", "power rates",
        "women's rights", "freedom of information",
    ),
    "tl": (
        "trabaho", "trapiko", "kapayapaan &amp; kaayusan", "edukasyon", "kalusugan", "pederalismo", "agrikultura",
        "presyo ng bigas", "endo", "libreng matrikula", "droga", "kalikasan", "West PH Sea", "MRT", "buwis",
        "katiwalian", "OFW", "pabahay", "bilis ng internet", "usapang pangkapayapaan", "tulong sa nasalanta",
        "maliliit na negosyo", "singil sa kuryente", "karapatan ng kababaihan", "FOI",
    ),
}
PLACES = (
    "Davao", "Cebu", "Iloilo", "Quezon City", "Maynila", "Makati", "Roxas City", "Tacloban", "Baguio",
    "Cagayan de Oro", "Zamboanga", "Naga", "Batangas", "Pampanga", "Pangasinan", "Ilocos", "Bicol", "Laguna",
    "Cavite", "Bohol", "General Santos", "Dagupan", "Marikina", "Antipolo", "Puerto Princesa", "Leyte", "Samar",
    "Bacolod", "Parañaque", "Las Piñas", "Dubai", "Hong Kong", "Singapore", "Riyadh", "Los Angeles",
)
EMOJI = (
    "😂", "😂😂", "🔥", "👊", "👊🏽", "✊🏾", "🇵🇭", "❤️", "💛", "💙", "🙏", "🙏🏽", "👏👏👏", "😭", "🤔", "🙄", "😅",
    "💪🏽", "👨‍👩‍👧‍👦", "🤦‍♀️", "🤷🏽‍♂️", "🏳️‍🌈", "👩🏽‍🏫", "☀️", "🗳️", "📺", "✌️", "💯", "😡", "👀",
)
TRENDS = (
    "MondayMotivation", "WalangPasok", "TrapikSaEDSA", "ThrowbackThursday", "FridayFeeling", "SummerNa", "Brownout",
    "PusoPilipinas", "KwentongBarangay", "KapeMuna", "LabanPilipinas", "BayaniKaBa", "MRTserye", "PanahonNa",
    "SabadoNights", "LinggoNgWika", "PiyestaSaBayan", "TagInit", "Graduation2016", "BotanteAko", "VotePH",
    "PhVoteWatch", "BalotaMo", "AskTheCandidates", "FactCheckPH", "TVDebate", "Bayanihan", "PinoyPride", "UlanPlease",
    "HeatIndex",
)
THINGS: Phrases = {
    "en": (
        "plans", "numbers", "answers", "a track record", "details", "a timeline", "heart", "experience", "courage",
    ),
    "tl": (
        "plano", "numero", "sagot", "nagawa", "detalye", "tapang", "puso", "karanasan", "malasakit",
    ),
}
PAGES = (
    "debate-recap", "survey-results", "what-they-said", "fact-check", "campaign-trail", "platforms", "opinyon",
)
SITES = (
    "balita.example", "news.example/ph", "blog.example", "video.example/watch", "photos.example/p",
)
GIVEN = (
    "Jun-jun", "Ate Baby", "Kuya Boy", "Maricel", "Jomar", "Aileen", "Rhea", "Dodong", "Inday", "Nonoy", "Angel",
    "Paolo", "Trisha", "Karla", "Migs", "Bea", "Jepoy", "Len-len", "Tonton", "Cha", "Mayumi", "Ligaya", "Bayani",
    "Amihan", "Tala", "Dakila", "Isko", "Pepe", "Pilar", "Ñiño", "José", "Mutya", "Luz", "Ramil", "Arvin", "Jhen",
    "Kim", "Mac", "Vangie", "Weng",
)
FLOURISHES = (
    "", "", "", "", " 🇵🇭", " ☀️", " 💛", " | PH", " ✌️", " R.", " S.", " D.", " 👊🏽", " (still here)", " ™", " ❤",
)
FRONT_WORDS = (
    "kape", "ulap", "ulan", "araw", "bato", "dahon", "tala", "buwan", "puno", "ilog", "dagat", "alon", "lupa",
    "hangin", "pusa", "aso", "isda", "kalye", "tsaa", "pan", "asin", "bigas", "mani", "suka", "gabi", "umaga",
    "tanod", "guro", "sari", "jeep", "biyahe", "lakad", "tula", "kanta", "sayaw", "laro", "libro", "papel", "lapis",
    "bola",
)
BACK_WORDS = (
    "king", "queen", "girl", "boy", "ph", "fan", "life", "lab", "zone", "daily", "pinoy", "pinay", "mnl", "cebu",
    "dvo", "ofw", "mom", "dad", "lola", "lolo", "kid", "guy", "run", "eats", "trips", "vibes", "notes", "talk", "now",
    "live",
)
LOCATIONS = (
    "", "", "", "Manila", "Philippines", "Davao City", "Cebu, PH", "QC", "Pilipinas 🇵🇭", "Dubai, UAE", "earth",
    "EDSA",
)
BIOS = (
    "", "", "coffee first", "proud nanay of 3", "OFW. Kabayan.", "opinions mine", "RT ≠ endorsement",
    "student | dreamer", "nurse by day", "basketball &amp; politics", "Bayan muna bago sarili", "engr. | gamer",
    "just here for the memes", "teacher", "maka-kalikasan", "small business owner", "tambay sa twitter",
    "pusong Pinoy 🇵🇭",
)
APPS = (
    *("Twitter for Android",) * 9, *("Twitter for iPhone",) * 5, *("Twitter Web Client",) * 4, "Twitter for iPad",
    "Mobile Web (M2)", "TweetDeck", "Facebook",
)
BOT_APPS = ("twittbot.net", "IFTTT", "dlvr.it", "Cheap Bots, Done Quick!")

"""Which language is a text in, as far as its function words tell, and which words of it tell nothing?

The lists are common function words, in lower case, written for this and not a copy of a published list;
each language's name is that of its Snowball stemmer.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from vstash.text.english import STOP_WORDS

_LISTS = {
    "arabic": """في من على إلى عن مع هذا هذه ذلك تلك التي الذي الذين ما ماذا متى أين كيف كم هل لم لن لا أن إن
كان كانت يكون قد ثم أو أي كل بعد قبل بين حتى عند هو هي هم كما لكن حيث غير منذ خلال و""",
    "catalan": """de la el els les i que en un una del dels al als per amb no és són va van més com què quin
quina quan on qui aquest aquesta aquests però també seu seva seus s'ha ha han era està molt entre sobre des""",
    "czech": """je a se na v ve že do to s z ze jsou byl byla bylo byly jako pro ale který která které jeho po
od za ke kde kdy kdo jak co nebo také jen podle při být tak aby již má by které jejich této""",
    "danish": """og i at det en et den til er som på de med han af for ikke der var mig sig men har om vi havde
hun nu da fra du ud sin dem os op hans hvor eller hvad skal her alle vil blev kunne ind når være noget jo deres
efter hvornår hvilken hvem hvilket hvilke mange""",
    "dutch": """de en van ik te dat die in een hij het niet zijn is was op aan met als voor had er maar om hem
dan zou of wat mijn men dit zo door over ze zich bij ook tot je mij uit der daar haar naar heb hoe heeft hebben
deze want nog worden wordt werd waar wie wanneer welke hoeveel""",
    "finnish": """ja on oli ei että se hän joka mutta kun niin kuin myös ovat ole olla olivat mitä mikä missä
kuka milloin kuinka sekä tai jos ne hänen sen tämä tämän joita jotka johon jonka sitä niiden""",
    "french": """au aux avec ce ces cette dans de des du elle elles en et eux il ils je la le les leur leurs lui
ma mais me même mes moi mon ne nos notre nous on ou où par pas pour qu que quel quelle quels quelles qui quoi
quand combien comment sa se ses son sur ta te tes toi ton tu un une vos votre vous est était sont ont été être
avait a fut sans plus d'un d'une c'est""",
    "german": """aber alle als also am an auch auf aus bei bin bis da damit dann das dass dem den der des die
dies diese diesem diesen dieser dieses doch dort du durch ein eine einem einen einer eines er es für hat hatte
hatten haben ich ihr ihre ihrem ihren ihrer im in ist ja jede jeder kann kein keine können man mehr mit nach
nicht noch nur ob oder ohne sehr sein seine seinem seinen seiner sich sie sind so über um und uns unter viel
viele von vor war waren was weil welche welchem welchen welcher welches wenn wer wie wird wo worden wurde wurden
zu zum zur zwischen wann warum""",
    "greek": """ο η το οι τα του της των τον την και να δεν θα με για σε από που πως στο στη στην στον στα στις
ένα μια ένας είναι ήταν τι ποιος ποια ποιο πόσο πόσα πόσες πότε πού γιατί αυτό αυτή ή αλλά όπως ως κατά""",
    "hindi": """के का की में है हैं से को और पर ने कि यह वह एक ही भी था थी थे तो कर लिए इस उस हो जो किया गया
क्या कौन कब कहाँ कैसे क्यों कितने कितनी नहीं या अपने साथ तक बाद द्वारा किस""",
    "hungarian": """a az és hogy nem is egy volt ez meg csak de ha mint már el van még vagy mi ki hol mikor
amely azt ezt sem azonban voltak lett aki ami melyik hány mennyi milyen miért után által között""",
    "italian": """ad al allo ai agli alla alle con col da dal dallo dai dagli dalla dalle di del dello dei degli
della delle in nel nello nei negli nella nelle su sul sullo sui sugli sulla sulle per tra io tu lui lei noi voi
loro mio suo sua suoi sue che chi cui non più quale quali quanto quanti quanta quante quando dove come perché il
lo la i gli le un uno una e ed ma se anche è era sono stato stata ha hanno fu questo questa""",
    "norwegian": """og i jeg det at en et den til er som på de med han av ikke der så var meg seg men ett har om
vi min mitt ha hadde hun nå over da ved fra du ut sin dem oss opp man kan hans hvor eller hva skal selv her alle
vil bli ble kunne inn når være noen etter hvem hvilken hvilke hvordan hvorfor mange""",
    "polish": """i w z na do nie się że to jest o jak po co ale za od tak przez dla czy był była było były który
która które którego jego jej ich oraz lub także są tym być gdzie kiedy kto ile ze przy pod może został""",
    "portuguese": """de a o que e do da em um para com não uma os no se na por mais as dos como mas ao ele das à
seu sua ou quando muito nos já eu também só pelo pela até isso ela entre depois sem mesmo aos seus quem nas me
esse eles você essa num nem suas meu às minha numa pelos foi são é era ser foram qual quais onde quantos quantas
está""",
    "romanian": """și şi în de la a cu pe din care este un o nu ce mai fi se au fost prin pentru sau ca al ai
ale lui sunt era dintre unde când cine cât câte câți după fără dar său sa""",
    "russian": """и в во не что он на я с со как а то все она так его но да ты к у же вы за бы по только ее её
мне было вот от меня еще ещё нет о из ему теперь когда даже ну вдруг ли если уже или ни быть был него до вас
нибудь опять уж вам ведь там потом себя ничего ей может они тут где есть надо ней для мы тебя их чем была сам
чтоб без будто чего раз тоже себе под будет ж тогда кто этот того потому этого какой какая какие какое каком
совсем ним здесь этом один почти мой тем чтобы нее были куда зачем всех никогда можно при наконец два об другой
хоть после над больше тот через эти нас про всего них много разве эту моя свою этой перед иногда лучше чуть том
такой им более всегда конечно сколько это""",
    "spanish": """de la que el en y a los del se las por un para con no una su al lo como más pero sus le ya o
este sí porque esta entre cuando muy sin sobre también me hasta hay donde quien desde todo nos durante todos uno
les ni contra otros ese eso ante ellos e esto mí antes algunos qué unos yo otro otras otra él tanto esa estos
mucho quienes nada muchos cual poco ella estar estas fue fueron es son era ha han había ser sido está están cuál
cuáles cuánto cuánta cuántos cuántas quién quiénes dónde cuándo cómo""",
    "swedish": """och det att i en jag hon som han på den med var sig för så till är men ett om hade de av icke
mig du henne då sin nu har inte hans honom skulle hennes där min man ej vid kunde något från ut när efter upp vi
dem vara vad över än dig kan sina här ha mot alla under någon eller allt mycket sedan ju vilken vilka vilket vem
hur många blev""",
    "turkish": """ve bir bu da de için ile ne o çok gibi daha olarak olan en kadar ama var mi mı mu mü ki her
hangi nasıl neden kim nerede zaman değil sonra ya veya ise kaç tarafından oldu olduğu""",
}
STOPS = {name: frozenset(words.split()) for name, words in _LISTS.items()}
OTHER_SCRIPTS = ("arabic", "greek", "hindi", "russian")  # their letters tell them from all others here
LATIN = tuple(name for name in STOPS if name not in OTHER_SCRIPTS)
# Where the words are those of several: the language of more people.
_PREFERRED = ["english", "spanish", "portuguese", "french", "german", "italian", "turkish", "polish", "dutch"]
_ORDER = (*_PREFERRED, *(name for name in STOPS if name not in _PREFERRED))
_ALL = {"english": STOP_WORDS, **STOPS}
_KNOWN, _OWN = 30, 60  # votes of a word for each language that has it, and votes shared among these


def _speaking() -> dict[str, tuple[tuple[str, int], ...]]:
    """The votes of each word for the languages that have it."""
    found = dict[str, list[str]]()
    for name, words in _ALL.items():
        for word in words:
            found.setdefault(word, []).append(name)
    return {
        word: tuple([(name, _KNOWN + _OWN // len(names)) for name in names])
        for word, names in found.items()
        if len(word) > 1
    }


_SPEAKS = _speaking()
# Words of other languages only, and words of English only: while there are no more of the former in a text, no
# language has more votes than English, as no word has more for any than one of English alone has for English.
_FOREIGN = frozenset(word for word in _SPEAKS if word not in STOP_WORDS)
_ENGLISH = frozenset(word for word, votes in _SPEAKS.items() if word in STOP_WORDS and len(votes) == 1)
_LEAST = 2  # different words that tell a text's language …
RARE = 0.01  # of a memory's texts: so many may be taken for what they are not
_DENSITY = 10  # … and one in so many words at the least: code and lists have fewer
_PLAIN = bytes(ord(chr(code).lower()) if chr(code).isalpha() else 32 for code in range(128)) + bytes(128)
_WORD = re.compile(r"[^\W\d_](?:[^\W\d_]|[\u0900-\u0903\u093a-\u094d])+")  # a Hindi word has vowel signs


def language(text: str) -> str | None:
    """The language of a stored text; None when its function words do not tell, or say English."""
    words = _words(text)
    if len(words & _FOREIGN) <= len(words & _ENGLISH):
        return None
    votes = _votes(words)
    if votes.get("english", 0) == max(votes.values(), default=0):
        return None
    best = max(votes, key=lambda name: (votes[name], -_ORDER.index(name)))
    long = {word for word in words if len(word) > 1}
    seen = len(long & STOPS[best])
    return best if seen >= _LEAST and seen * _DENSITY >= len(long) else None


def plausible(text: str, held: Mapping[str, float]) -> tuple[str, ...]:
    """Which of the languages that a memory holds a question may be in; none when it is plain English.

    `held` says of what share of the texts each is the language. A question is short: where its function
    words do not tell a language from English it may be in each that is not rare.
    """
    votes = _votes(_words(text))
    best = max((votes.get(name, 0) for name in (*held, "english")), default=0)
    least = 0.0 if best > votes.get("english", 0) else RARE
    return tuple(name for name, share in held.items() if votes.get(name, 0) == best and share >= least)


def stop_words(text: str, held: Collection[str]) -> frozenset[str]:
    """The words of a question that tell nothing: the English ones, and those of its language where it is certain."""
    name = language(text)
    return STOP_WORDS | STOPS[name] if name and (name in OTHER_SCRIPTS or name in held) else STOP_WORDS


def _words(text: str) -> set[str]:
    """Its different words, in lower case. Plain ASCII, most text, goes by a table."""
    if text.isascii():
        return set(text.encode().translate(_PLAIN).decode().split())
    return set(_WORD.findall(text.lower()))


def _votes(words: set[str]) -> dict[str, int]:
    votes: dict[str, int] = {}
    for word in words & _SPEAKS.keys():
        for name, weight in _SPEAKS[word]:
            votes[name] = votes.get(name, 0) + weight
    return votes

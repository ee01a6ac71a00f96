"""Where things are at home, how large they really are, and what carries them."""

from collections.abc import Mapping, Sequence

from styleshot_demo.compose.art import Art

# Subgroup or name -> the place that is drawn around it where none was asked for.
HOME = {
    "animal-marine": "under water", "transport-water": "sea", "transport-air": "sky", "transport-ground": "street",
    "food-fruit": "table", "food-vegetable": "table", "food-prepared": "table", "food-asian": "table",
    "food-sweet": "table", "drink": "table", "dishware": "table", "household": "room", "animal-bird": "meadow",
    "clothing": "table", "music": "room", "musical-instrument": "room", "computer": "table", "phone": "table",
    "light-video": "table", "book-paper": "table", "money": "table", "mail": "table", "writing": "table",
    "office": "table", "lock": "table", "tool": "table", "science": "table", "medical": "table", "game": "table",
    "arts-crafts": "table", "time": "table", "award-medal": "table", "sport": "meadow", "sky-weather": "sky",
    "heart": "plain", "emotion": "plain", "hand-fingers-open": "plain", "hands": "plain", "body-parts": "plain",
    "hand-fingers-partial": "plain", "hand-single-finger": "plain", "hand-fingers-closed": "plain",
    "hand-prop": "plain", "sound": "table", "hotel": "table", "other-object": "table",
    "penguin": "snow", "polar bear": "snow", "seal": "snow", "snowman": "snow", "sled": "snow", "skier": "snow",
    "snowboarder": "snow", "camel": "desert", "two-hump camel": "desert", "cactus": "desert", "scorpion": "desert",
    "desert island": "sea", "palm tree": "beach", "duck": "meadow", "swan": "sea", "flamingo": "sea",
    "crab": "beach", "lobster": "under water", "rocket": "space", "satellite": "space", "flying saucer": "space",
    "ringed planet": "space", "astronaut": "space", "man astronaut": "space", "woman astronaut": "space",
    "alien": "plain", "alien monster": "plain", "globe showing Europe-Africa": "space", "milky way": "space",
    "comet": "space", "tractor": "meadow", "tent": "meadow", "canoe": "sea", "gorilla": "forest",
    "orangutan": "forest", "sloth": "forest", "monkey": "forest", "wolf": "forest", "bear": "forest",
    "moose": "forest", "deer": "forest", "boar": "forest", "mushroom": "forest", "fox": "meadow", "owl": "forest",
    "potted plant": "table", "bouquet": "table", "amphora": "table", "mountain railway": "mountains",
    "train": "meadow", "locomotive": "meadow", "umbrella": "street", "bear face": "forest", "helicopter": "sky",
    "airplane": "sky", "candle": "table", "person swimming": "sea", "man swimming": "sea", "woman swimming": "sea",
    "person surfing": "sea", "man surfing": "sea", "woman surfing": "sea", "merperson": "sea", "mermaid": "sea",
    "merman": "sea", "ice": "table", "water wave": "sea", "snowflake": "plain", "umbrella on ground": "beach",
    "spiral shell": "beach", "anchor": "beach", "kite": "sky", "teddy bear": "room", "balloon": "sky",
    "jack-o-lantern": "table", "Christmas tree": "snow", "fireworks": "sky", "boat": "sea", "cow": "meadow",
}  # fmt: skip
OUTDOOR_FIRST = ("under water", "space", "sea", "snow", "desert", "street", "beach", "forest", "mountains", "meadow")

# Metres from foot to top, by name or subgroup. What stands in neither is as large as a hand is long.
METRES = {
    "castle": 40, "Japanese castle": 30, "volcano": 300, "mount fuji": 300, "desert island": 12, "house": 8,
    "house with garden": 8, "houses": 9, "church": 20, "hut": 5, "tent": 2.5, "place-building": 14,
    "place-religious": 16, "Statue of Liberty": 40, "Tokyo tower": 60, "ferris wheel": 30, "roller coaster": 20,
    "fountain": 4, "circus tent": 10, "place-other": 6, "deciduous tree": 9, "evergreen tree": 11, "palm tree": 9,
    "leafless tree": 8, "Christmas tree": 4, "cactus": 3, "plant-flower": 0.45, "plant-other": 0.35, "sunflower": 1.4,
    "bouquet": 0.5, "mushroom": 0.15, "person": 1.7, "person-role": 1.75, "person-fantasy": 1.8,
    "person-activity": 1.7, "person-sport": 1.7, "person-gesture": 1.7, "person-resting": 1.2, "family": 1.7,
    "child": 1.2, "boy": 1.2, "girl": 1.2, "baby": 0.7, "elephant": 3.2, "mammoth": 3.4, "giraffe": 4.8,
    "hippopotamus": 1.6, "rhinoceros": 1.8, "horse": 1.8, "unicorn": 2.0, "zebra": 1.6, "cow": 1.5, "ox": 1.6,
    "water buffalo": 1.7, "bison": 1.9, "camel": 2.1, "two-hump camel": 2.1, "llama": 1.7, "moose": 2.1, "deer": 1.5,
    "donkey": 1.4, "lion": 1.3, "tiger": 1.0, "leopard": 0.8, "bear": 1.6, "polar bear": 1.7, "panda": 1.3,
    "gorilla": 1.6, "orangutan": 1.3, "wolf": 0.9, "fox": 0.55, "kangaroo": 1.5, "boar": 0.9, "pig": 0.8, "ewe": 0.9,
    "ram": 1.0, "goat": 0.9, "koala": 0.6, "monkey": 0.6, "dog": 0.55, "guide dog": 0.65, "service dog": 0.65,
    "poodle": 0.5, "cat": 0.35, "black cat": 0.35, "rabbit": 0.3, "raccoon": 0.4, "badger": 0.4, "beaver": 0.4,
    "mouse": 0.09, "rat": 0.12, "hamster": 0.1, "chipmunk": 0.18, "hedgehog": 0.18, "animal-mammal": 0.6,
    "animal-bird": 0.3, "penguin": 0.8, "eagle": 0.8, "swan": 0.9, "flamingo": 1.2, "peacock": 1.1, "turkey": 0.8,
    "owl": 0.4, "goose": 0.7, "rooster": 0.5, "phoenix": 1.5, "baby chick": 0.12, "dodo": 0.8,
    "front-facing baby chick": 0.12, "hatching chick": 0.1, "frog": 0.12, "crocodile": 0.9, "turtle": 0.35,
    "lizard": 0.15, "snake": 0.4, "dragon": 6, "sauropod": 9, "T-Rex": 5, "animal-marine": 0.35, "whale": 6,
    "spouting whale": 6, "orca": 3, "shark": 1.8, "dolphin": 1.3, "octopus": 0.7, "squid": 0.7, "jellyfish": 0.4,
    "seal": 0.8, "fish": 0.3, "tropical fish": 0.25, "coral": 0.6, "animal-bug": 0.06, "butterfly": 0.1,
    "transport-ground": 2.6, "automobile": 1.5, "taxi": 1.5, "bicycle": 1.1, "motorcycle": 1.2, "motor scooter": 1.2,
    "kick scooter": 1.0, "skateboard": 0.15, "train": 4, "locomotive": 4, "bus": 3.2, "articulated lorry": 3.6,
    "tractor": 2.6, "oil drum": 0.9, "stop sign": 2.2, "vertical traffic light": 3, "horizontal traffic light": 1,
    "wheel": 0.7, "sailboat": 9, "ship": 18, "passenger ship": 14, "ferry": 11, "motor boat": 4, "speedboat": 2.5,
    "canoe": 0.9, "transport-water": 3, "anchor": 1.2, "transport-air": 5, "rocket": 20, "airplane": 9,
    "helicopter": 4, "flying saucer": 5, "satellite": 4, "balloon": 0.6, "kite": 1, "parachute": 5, "chair": 0.95,
    "couch and lamp": 1.3, "bed": 1.1, "door": 2.1, "window": 1.3, "mirror": 1.2, "toilet": 0.9, "bathtub": 0.9,
    "shower": 2, "shopping cart": 1, "bucket": 0.35, "basket": 0.35, "broom": 1.2, "musical-instrument": 0.8,
    "accordion": 0.45, "flute": 0.6, "maracas": 0.3, "drum": 0.4, "harp": 1.5, "musical keyboard": 0.5,
    "umbrella": 0.9, "umbrella with rain drops": 1, "umbrella on ground": 2, "snowman": 1.6,
    "snowman without snow": 1.6, "teddy bear": 0.4, "sled": 0.4, "treasure chest": 0.6, "fire": 0.8,
    "amphora": 0.5, "potted plant": 0.4, "crown": 0.2, "alien": 1.5, "robot": 1.7, "ghost": 1.7, "moai": 4,
    "person in bed": 1, "desktop computer": 0.5, "television": 0.7, "food-fruit": 0.09, "food-vegetable": 0.12,
    "food-prepared": 0.13, "food-asian": 0.12, "food-sweet": 0.13, "drink": 0.18, "dishware": 0.22,
    "watermelon": 0.22, "pineapple": 0.28, "melon": 0.18, "cherries": 0.06, "strawberry": 0.05, "grapes": 0.16,
    "blueberries": 0.05, "birthday cake": 0.25, "bottle with popping cork": 0.32, "teapot": 0.2,
    "wine glass": 0.2, "egg": 0.06, "clothing": 0.3, "sun": 1, "science": 0.35, "book-paper": 0.2,
    "globe showing Europe-Africa": 1,
}  # fmt: skip
USUAL = 0.2

SKY = {"sky-weather", "transport-air"}
FLYING = {"bird", "eagle", "dove", "black bird", "bat", "butterfly", "honeybee", "mosquito", "fly", "phoenix", "kite",
          "balloon", "dragon", "superhero", "man superhero", "woman superhero", "fairy", "man fairy", "woman fairy",
          "ghost", "fireworks", "leaf fluttering in wind", "snowflake", "parachute", "baby angel", "red heart",
          "flying disc", "sparkles"}  # fmt: skip
GROUNDED = {"snowman", "snowman without snow", "umbrella", "umbrella on ground", "umbrella with rain drops",
            "closed umbrella", "fire", "thermometer", "seat", "parrot"}  # fmt: skip
WATER = {"transport-water", "animal-marine"}
WATER_TOO = {"swan", "duck", "person swimming", "man swimming", "woman swimming", "person surfing", "man surfing",
             "woman surfing", "person rowing boat", "man rowing boat", "woman rowing boat", "person playing water polo",
             "mermaid", "merman", "merperson", "water wave", "desert island", "ring buoy"}  # fmt: skip
ASHORE = {"crab", "lobster", "seal", "turtle", "spiral shell", "anchor", "coral"}


def place_of(arts: Sequence[Art], facts: Mapping[str, str]) -> str:
    """The place for things that were asked for without one; the first of them has the most to say."""
    homes = [
        HOME.get(art.name) or HOME.get(art.subgroup) or ("meadow" if metres(art) > 0.25 else "table") for art in arts
    ]
    if not homes:
        return "meadow" if facts.get("weather") != "snow" else "snow"
    outdoors = [one for one in homes if one in OUTDOOR_FIRST]
    small = all(one in ("table", "plain", "room") for one in homes)
    if small or (not outdoors and "sky" not in homes):
        return "room" if "room" in homes else homes[0]
    if not outdoors:
        return "sky"
    # A boat brings the sea with it, a bird or a house no place of its own.
    chosen = min(outdoors, key=OUTDOOR_FIRST.index)
    if chosen == "forest" and any(art.subgroup == "sky-weather" for art in arts):
        return "meadow"  # between trees no moon is seen
    if facts.get("weather") == "snow" and chosen == "meadow":
        return "snow"
    return chosen


def metres(art: Art) -> float:
    """How tall it is, about."""
    return METRES.get(art.name) or METRES.get(art.subgroup) or USUAL


def carried_by(art: Art, place: str) -> str:
    """What a thing is on at a place: "ground", "water" or "sky"; "swims" where it is all around."""
    if place == "space":
        return "swims"
    if place == "under water":
        afloat = art.subgroup == "animal-marine" and art.name not in ASHORE
        return "swims" if afloat or art.name in FLYING else "ground"
    if art.name in FLYING or (art.subgroup in SKY and art.name not in GROUNDED):
        return "sky"
    if place == "sky":
        return "sky"
    if place in ("sea", "beach") and (art.name in WATER_TOO or (art.subgroup in WATER and art.name not in ASHORE)):
        return "water"
    return "ground"

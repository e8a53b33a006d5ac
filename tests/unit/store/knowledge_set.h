/* What a dentist, a plumber and a restaurant are asked, as people say it on the telephone, and what they would be
   answered from: the set that knowledge_search is measured with (docs/prompts.md). The spoken lines were written before
   the ranking was, and are not the questions' own words. */
#pragma once

#include <stddef.h>

struct known_faq {
    const char *question, *answer, *tags;
};

struct spoken_question {
    const char *words;
    size_t expected; /* index of the FAQ */
};

static const struct known_faq FAQS[] = {
    {"Do you take walk-ins?",
        "Yes, but people with an appointment go first; expect to wait half an hour.",
        "without appointment, drop in, drop by"}, /* 0 */
    {"Which insurance do you accept?",
        "Delta Dental, Cigna, Aetna and MetLife. We file the claim for you.",
        "insurance plan, coverage, covered, network"},
    {"How much is a cleaning?", "A cleaning is 95 dollars without insurance, X-rays are 40 more.",
        "price, cost, charge, fee"},
    {"Where can I park?", "Free parking is behind the building, entered from Mill Lane.",
        "parking, car, lot, garage"},
    {"Is the office wheelchair accessible?",
        "Yes, there is a ramp at the side door and an elevator.",
        "disabled, handicap, stairs, step-free"},
    {"Do you treat children?", "From the first tooth on; under twelve a parent stays in the room.",
        "kids, son, daughter, pediatric, toddler"}, /* 5 */
    {"What is your cancellation policy?",
        "Free up to 24 hours before, after that it is 50 dollars.", "cancel, no-show, late, fee"},
    {"Can I pay in installments?",
        "Yes, over six months without interest for treatments above 500 dollars.",
        "payment plan, financing, monthly, pay over time"},
    {"Do you offer sedation?", "Laughing gas for anyone; sleep sedation on Thursdays with Dr. Kim.",
        "scared, afraid, anxious, nervous, put to sleep, fear"},
    {"Do you whiten teeth?",
        "In the office in one hour for 350 dollars, or trays for home for 200.",
        "whitening, bleach, white"},
    {"What do I bring to my first visit?",
        "Your insurance card, a photo ID and a list of your medicines.",
        "new patient, first appointment, documents, paperwork"}, /* 10 */
    {"Which area do you serve?", "All of Springfield and twenty miles around it.",
        "service area, come out, far, town, location, distance"},
    {"What does a visit of the plumber cost?",
        "The call-out is 89 dollars and counts toward the repair.",
        "trip charge, price, fee, estimate, quote, hourly rate"},
    {"Are you licensed and insured?",
        "Yes, master license 4471, and insured up to two million dollars.",
        "license, bonded, certified"},
    {"Do you fix water heaters?", "Gas and electric, tank and tankless, usually the same day.",
        "no hot water, boiler, cold shower"},
    {"Can you unclog a drain?", "Yes, with a machine or by water jet; most take under an hour.",
        "clogged, blocked, backed up, toilet, sink, slow"}, /* 15 */
    {"Is the work guaranteed?", "Parts for one year, our work for two.",
        "warranty, guarantee, breaks again"},
    {"Do you work at weekends?", "Saturdays until two; emergencies on any day.",
        "saturday, sunday, weekend, holiday"},
    {"Do you have vegetarian dishes?",
        "A third of the menu is vegetarian, and five dishes are vegan.",
        "vegan, meat, plant-based"},
    {"Do you have gluten-free food?",
        "Yes, pasta and pizza both come without gluten; tell the waiter.",
        "celiac, allergy, allergic, wheat"},
    {"Can we bring our dog?", "On the terrace, yes; inside only service animals.",
        "pet, puppy, animals, dogs"}, /* 20 */
    {"Is there outdoor seating?", "Eight tables on the terrace, first come, first served.",
        "outside, patio, terrace, garden"},
    {"Do you take large groups?",
        "Up to thirty in the back room; above eight we ask for a deposit.",
        "party, people, birthday, private room, event"},
    {"Do you deliver?", "Within three miles through our web page, no phone orders.",
        "delivery, takeout, take away, to go"},
    {"Is there a dress code?", "No, come as you are.", "wear, jeans, formal, clothes"},
    {"Can I bring my own wine?", "Yes, corkage is 20 dollars a bottle.",
        "bottle, byob, corkage, alcohol"}, /* 25 */
};

static const struct spoken_question SPOKEN[] = {
    {"um hi yeah I was wondering do I need an appointment or can I just drop in", 0},
    {"can I just walk in this afternoon or what", 0},
    {"so I have Cigna through my work do you guys take that", 1},
    {"I'd like to know whether you're in network with Aetna", 1},
    {"how much would it be to get my teeth cleaned if I don't have insurance", 2},
    {"yeah what do you charge for a cleaning", 2},
    {"is there anywhere I can leave my car when I get there", 3},
    {"where do I park", 3},
    {"my mother is in a wheelchair can she get in", 4},
    {"are there stairs because I can't really climb", 4},
    {"do you see kids my daughter is four", 5},
    {"what happens if I have to cancel on the same day", 6},
    {"I can't pay it all at once is there like a payment plan or something", 7},
    {"I'm really scared of the dentist is there something you can give me", 8},
    {"can you put me to sleep while you do it", 8},
    {"I want my teeth to be whiter before the wedding do you do that", 9},
    {"it's my first time with you what should I bring along", 10},
    {"do you come out to Shelbyville it's maybe fifteen miles", 11},
    {"what do you charge just to come out and take a look", 12},
    {"I just want a quote for somebody to come by", 12},
    {"are you guys licensed", 13},
    {"we've got no hot water since this morning", 14},
    {"my water heater is leaking can you fix that", 14},
    {"the kitchen sink is backed up and it's really slow", 15},
    {"my toilet is clogged", 15},
    {"and what if it breaks again next week is there a warranty", 16},
    {"could somebody come on Sunday", 17},
    {"my wife doesn't eat meat will she find something", 18},
    {"have you got anything vegan on the menu", 18},
    {"one of us has celiac disease is that a problem", 19},
    {"we'd have a puppy with us is that okay", 20},
    {"can we sit outside", 21},
    {"it's a birthday and we're about twenty people", 22},
    {"do you guys do delivery", 23},
    {"can I get it to go", 23},
    {"do I have to dress up or are jeans fine", 24},
    {"is it okay if we bring a bottle of our own", 25},
    {"what's the corkage", 25},
};
#define FAQ_COUNT (sizeof FAQS / sizeof *FAQS)
#define SPOKEN_COUNT (sizeof SPOKEN / sizeof *SPOKEN)

#include "text/room.h"

#include <ctype.h>

void room_init(struct room *room)
{
    *room = (struct room){.len = 0};
}

static struct slice give_back(struct room *room)
{
    struct slice held = {room->held, room->len};
    room->len = 0;
    return held;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void take_char(struct room *room, char c)
{
    if (tolower((unsigned char)c) != ROOM_MARK[room->len]) {
        room->is_decided = true;
        return;
    }
    room->held[room->len++] = c;
    room->is_asked = room->len == sizeof ROOM_MARK - 1;
    room->is_decided = room->is_asked;
}

void room_take(struct room *room, struct slice *held, struct slice *text)
{
    *held = (struct slice){"", 0};
    while (!room->is_decided && text->len) {
        bool is_before = room->len == 0 && is_blank(text->data[0]);
        if (!is_before)
            take_char(room, text->data[0]);
        if (room->is_decided && !room->is_asked)
            break;
        text->data++;
        text->len--;
    }
    if (room->is_asked)
        room->len = 0;
    else if (room->is_decided && room->len)
        *held = give_back(room);
}

struct slice room_end(struct room *room)
{
    room->is_decided = true;
    return give_back(room);
}

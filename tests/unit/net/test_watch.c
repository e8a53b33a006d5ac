/* What a watched tree reports, on a real file system: every change, once a burst, whatever becomes of the folders. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit/net/net_story.h"

struct tree {
    struct story *story;
    struct net_watch *watch;
    unsigned bursts;
    char top[32]; /* everything of the test lies below it */
};

static void count(void *owner)
{
    ++*(unsigned *)owner;
}

/* A command of the shell in the tree's top folder. */
static void run(const struct tree *tree, const char *command)
{
    char line[512];
    snprintf(line, sizeof line, "cd %s && %s", tree->top, command);
    assert_int_equal(system(line), 0);
}

static void begin(struct tree *tree, struct story *story, const char *command)
{
    *tree = (struct tree){.story = story, .top = "/tmp/net_watch_XXXXXX"};
    char root[64];
    assert_non_null(mkdtemp(tree->top));
    run(tree, command);
    snprintf(root, sizeof root, "%s/root", tree->top);
    assert_int_equal(
        net_watch_create(&tree->watch, story->loop, root, count, &tree->bursts), ERR_OK);
}

static void end(struct tree *tree)
{
    char line[64];
    net_watch_destroy(tree->watch);
    snprintf(line, sizeof line, "rm -r %s", tree->top);
    assert_int_equal(system(line), 0);
}

/* The command is noticed, and what followed from it is over. */
static void noticed(struct tree *tree, const char *command)
{
    unsigned before = tree->bursts;
    run(tree, command);
    story_until(tree->story, tree->bursts > before);
    story_run_for(tree->story, 110);
}

static void unnoticed(struct tree *tree, const char *command)
{
    unsigned before = tree->bursts;
    run(tree, command);
    story_run_for(tree->story, 110);
    assert_int_equal(tree->bursts, before);
}

static void subfolders_are_seen(void **state)
{
    struct tree tree;
    begin(&tree, *state, "mkdir -p root/old");
    noticed(&tree, "echo > root/old/agent.lua");
    noticed(&tree, "mkdir root/old/young"); /* made later, and found */
    noticed(&tree, "echo > root/old/young/tool.lua");
    unsigned before = tree.bursts;
    noticed(&tree, "for i in 1 2 3 4 5 6 7 8 9; do echo $i > root/old/young/tool.lua; done");
    assert_int_equal(tree.bursts, before + 1);
    noticed(&tree, "mkdir -p root/a/b/c && echo > root/a/b/c/tool.lua"); /* all at once */
    noticed(&tree, "echo >> root/a/b/c/tool.lua");
    end(&tree);
}

static void editors_rename(void **state)
{
    struct tree tree;
    begin(&tree, *state, "mkdir root && echo 1 > root/agent.lua");
    noticed(&tree, "echo 2 > root/.agent.lua.swp && mv root/.agent.lua.swp root/agent.lua");
    noticed(&tree, "mv root/agent.lua root/agent.lua~ && echo 3 > root/agent.lua");
    noticed(&tree, "echo 4 > new && mv new root/agent.lua"); /* from elsewhere */
    noticed(&tree, "rm root/agent.lua");
    end(&tree);
}

/* The new folder has the number of the old one on many file systems. */
static void a_folder_made_again_is_seen(void **state)
{
    struct tree tree;
    begin(&tree, *state, "mkdir -p root/acme");
    for (int i = 0; i < 3; i++) {
        noticed(&tree, "rm -r root/acme && mkdir root/acme");
        noticed(&tree, "echo > root/acme/agent.lua");
    }
    noticed(&tree, "mv root/acme root/other");
    noticed(&tree, "echo >> root/other/agent.lua");
    noticed(&tree, "mkdir root/acme && mv root/acme root/acme2 && mkdir root/acme");
    noticed(&tree, "echo > root/acme2/agent.lua");
    noticed(&tree, "echo > root/acme/agent.lua");
    end(&tree);
}

static void a_root_made_again_is_seen(void **state)
{
    struct tree tree;
    begin(&tree, *state, "mkdir -p root/acme");
    noticed(&tree, "rm -r root && mkdir -p root/acme");
    noticed(&tree, "echo > root/acme/agent.lua");
    noticed(&tree, "rm -r root");
    unnoticed(&tree, "true"); /* said once */
    noticed(&tree, "mkdir root");
    noticed(&tree, "echo > root/agent.lua");
    noticed(&tree, "mv root away && mkdir root");
    noticed(&tree, "echo > root/agent.lua");
    unnoticed(&tree, "echo > away/agent.lua");
    end(&tree);
}

static void links_lead_to_folders(void **state)
{
    struct tree tree;
    begin(&tree, *state, "mkdir -p root/inside away/deep && ln -s ../away root/linked");
    noticed(&tree, "echo > away/agent.lua");
    noticed(&tree, "echo > away/deep/tool.lua");
    noticed(&tree, "mkdir next && ln -sfn ../next root/linked");
    noticed(&tree, "echo > next/agent.lua");
    unnoticed(&tree, "echo > away/agent.lua");
    noticed(&tree, "ln -s .. root/inside/up && ln -s / root/inside/all"); /* no end of folders */
    noticed(&tree, "echo > root/inside/agent.lua");
    end(&tree);
}

static void a_root_that_is_a_link_may_be_switched(void **state)
{
    struct tree tree;
    begin(&tree, *state, "mkdir -p one/acme two/acme && ln -s one root");
    noticed(&tree, "echo > one/acme/agent.lua");
    noticed(&tree, "ln -sfn two root");
    noticed(&tree, "echo > two/acme/agent.lua");
    unnoticed(&tree, "echo > one/acme/agent.lua");
    noticed(&tree, "ln -sfn two/acme root");
    end(&tree);
}

static void hidden_folders_are_passed_over(void **state)
{
    struct tree tree;
    begin(&tree, *state, "mkdir -p root/.git/objects");
    unnoticed(&tree, "echo > root/.git/objects/aa");
    noticed(&tree, "echo > root/agent.lua");
    end(&tree);
}

static void many_saves_are_few_bursts(void **state)
{
    struct tree tree;
    begin(&tree, *state, "mkdir root");
    char path[64];
    snprintf(path, sizeof path, "%s/root/agent.lua", tree.top);
    for (int i = 0; i < 500; i++) {
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        fprintf(file, "return %d", i);
        fclose(file);
        story_turn(tree.story);
    }
    story_run_for(tree.story, 150);
    assert_in_range(tree.bursts, 1, 50);
    unnoticed(&tree, "true");
    end(&tree);
}

static void watching_nothing_fails(void **state)
{
    struct story *story = *state;
    struct net_watch *watch;
    unsigned bursts = 0;
    assert_int_equal(
        net_watch_create(&watch, story->loop, "/nonexistent/x", count, &bursts), ERR_NOT_FOUND);
}

#define STORY(test) cmocka_unit_test_setup_teardown(test, story_begin, story_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(subfolders_are_seen),
        STORY(editors_rename),
        STORY(a_folder_made_again_is_seen),
        STORY(a_root_made_again_is_seen),
        STORY(links_lead_to_folders),
        STORY(a_root_that_is_a_link_may_be_switched),
        STORY(hidden_folders_are_passed_over),
        STORY(many_saves_are_few_bursts),
        STORY(watching_nothing_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "unit/net/guise.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "certificate.h"
#include "unit/net/net_story.h"

static const struct certificate_options authority_options = {
    .subject = "Test authority", .from_s = -86400, .until_s = 86400, .is_authority = true};

static void make_folder(struct guise *guise)
{
    strcpy(guise->folder, "/tmp/moonline-guise-XXXXXX");
    assert_non_null(mkdtemp(guise->folder));
    snprintf(guise->authority_file, sizeof guise->authority_file, "%s/ca.pem", guise->folder);
    snprintf(guise->certificate_file, sizeof guise->certificate_file, "%s/leaf.pem", guise->folder);
    snprintf(guise->key_file, sizeof guise->key_file, "%s/key.pem", guise->folder);
}

void guise_make(struct guise *guise, const char *name, enum flaw flaw)
{
    struct certificate authority, leaf;
    char names[128];
    snprintf(names, sizeof names, "%s:%s", isdigit(name[0]) ? "IP" : "DNS", name);
    struct certificate_options options = {
        .subject = name, .names = names, .from_s = -3600, .until_s = 3600};
    if (flaw == FLAW_EXPIRED)
        options.until_s = -60;
    if (flaw == FLAW_NOT_YET)
        options.from_s = 1800;
    make_folder(guise);
    assert_int_equal(certificate_make(&authority, &authority_options, NULL), ERR_OK);
    const struct certificate *issuer = flaw == FLAW_SELF_SIGNED ? NULL : &authority;
    assert_int_equal(certificate_make(&leaf, &options, issuer), ERR_OK);
    assert_int_equal(certificate_write(&authority, guise->authority_file), ERR_OK);
    assert_int_equal(certificate_write(&leaf, guise->certificate_file), ERR_OK);
    assert_int_equal(certificate_write_key(&leaf, guise->key_file), ERR_OK);
    certificate_free(&leaf);
    certificate_free(&authority);
}

void guise_remove(const struct guise *guise)
{
    unlink(guise->authority_file);
    unlink(guise->certificate_file);
    unlink(guise->key_file);
    assert_int_equal(rmdir(guise->folder), 0);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Reading uploads: every form they come in, and everything that is no certificate told apart. */
#include "bundle_fixture.h"

#include <openssl/cms.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

/* ---- PEM ---- */

/* Ways to write the same three certificates. */
static const char *const layouts[] = {
    "@1@2@3",
    "@1\n\n@2\n \t \n@3\n\n",
    "\xef\xbb\xbf@1@2@3",
    "0 s:CN = mfp-17.example\n@1   i:CN = Test CA\n@2\n@3",
    "Bag Attributes\n    localKeyID: 54 69\nsubject=CN = mfp\n\n@1Bag Attributes: <No Attributes>\n@2# root\n@3",
    "-- a comment with a dash --\n@1----- and another -----\n@2@3the end, without a line's end",
    "@1@2@1@3@2@3@3",
};

static void pem_is_read_in_every_layout(void **state)
{
    X509 *const expected[] = {leaf.certificate, middle.certificate, root.certificate};
    char *text = malloc(TEXT_MAX);
    char *crlf = malloc(TEXT_MAX);

    (void)state;
    for (size_t i = 0; i < COUNT(layouts); i++) {
        size_t used = 0;

        fill(text, layouts[i]);
        assert_reads(text, strlen(text), expected, 3);
        for (const char *at = text; *at; at++) {
            if (*at == '\n')
                crlf[used++] = '\r';
            crlf[used++] = *at;
        }
        assert_reads(crlf, used, expected, 3);
        /* Without the last line's end. */
        while (text[strlen(text) - 1] == '\n')
            text[strlen(text) - 1] = '\0';
        assert_reads(text, strlen(text), expected, 3);
    }
    free(text);
    free(crlf);
}

static void the_order_of_the_upload_stays(void **state)
{
    X509 *const expected[] = {root.certificate, leaf.certificate, middle.certificate};
    char *text = malloc(TEXT_MAX);

    (void)state;
    snprintf(text, TEXT_MAX, "%s%s%s%s", pem[2], pem[0], pem[1], pem[0]);
    assert_reads(text, strlen(text), expected, 3);
    free(text);
}

/* A block with its base64 in one line. */
static void long_lines_are_read(void **state)
{
    X509 *const expected[] = {leaf.certificate};
    char *text = strdup(pem[0]);
    char *to = strchr(text, '\n') + 1;
    const char *tail = strstr(to, "-----END");

    (void)state;
    for (const char *from = to; from < tail; from++) {
        if (*from != '\n')
            *to++ = *from;
    }
    *to++ = '\n';
    memmove(to, tail, strlen(tail) + 1);
    assert_reads(text, strlen(text), expected, 1);
    free(text);
}

static char *cms_of_two(size_t *length)
{
    CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, NULL, CMS_PARTIAL | CMS_DETACHED);
    unsigned char *octets = NULL;
    int size;

    assert_non_null(cms);
    assert_true(CMS_add1_cert(cms, leaf.certificate) && CMS_add1_cert(cms, middle.certificate));
    size = i2d_CMS_ContentInfo(cms, &octets);
    assert_true(size > 0);
    CMS_ContentInfo_free(cms);
    *length = (size_t)size;
    return (char *)octets;
}

/* The certificates of CMS are a set, which DER sorts by its own rules. */
static void assert_reads_two(const char *text)
{
    STACK_OF(X509) *got = NULL;
    int first;

    assert_int_equal(pki_bundle_read(&got, (const unsigned char *)text, strlen(text), NULL), DEVSEC_OK);
    assert_int_equal(sk_X509_num(got), 2);
    first = X509_cmp(sk_X509_value(got, 0), leaf.certificate) == 0;
    assert_int_equal(X509_cmp(sk_X509_value(got, !first), leaf.certificate), 0);
    assert_int_equal(X509_cmp(sk_X509_value(got, first), middle.certificate), 0);
    ca_stack_free(got);
}

static void every_label_is_read(void **state)
{
    static const char *const labels[] = {"CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"};
    static const char *const wrappers[] = {"PKCS7", "PKCS #7 SIGNED DATA", "CMS"};
    X509 *const expected[] = {leaf.certificate};
    size_t length = 0;
    unsigned char *der = ca_der(leaf.certificate, &length);
    char *text;

    (void)state;
    for (size_t i = 0; i < COUNT(labels); i++) {
        text = ca_pem_block(labels[i], der, length);
        assert_reads(text, strlen(text), expected, 1);
        free(text);
    }
    free(der);
    der = (unsigned char *)cms_of_two(&length);
    for (size_t i = 0; i < COUNT(wrappers); i++) {
        text = ca_pem_block(wrappers[i], der, length);
        assert_reads_two(text);
        free(text);
    }
    OPENSSL_free(der);
}

/* OpenSSL's own trust settings behind the certificate must not count here. */
static void the_extras_of_a_trusted_certificate_are_dropped(void **state)
{
    STACK_OF(X509) *got = NULL;
    X509 *copy = X509_dup(leaf.certificate);
    unsigned char *octets = NULL;
    char *text = NULL;
    int length;

    (void)state;
    assert_true(X509_alias_set1(copy, (const unsigned char *)"alias", 5));
    assert_true(X509_add1_reject_object(copy, OBJ_nid2obj(NID_server_auth)));
    length = i2d_X509_AUX(copy, &octets);
    text = ca_pem_block("TRUSTED CERTIFICATE", octets, (size_t)length);
    assert_int_equal(pki_bundle_read(&got, (const unsigned char *)text, strlen(text), NULL), DEVSEC_OK);
    assert_int_equal(sk_X509_num(got), 1);
    assert_null(X509_alias_get0(sk_X509_value(got, 0), &length));
    assert_null(X509_get0_reject_objects(sk_X509_value(got, 0)));
    ca_stack_free(got);
    X509_free(copy);
    OPENSSL_free(octets);
    free(text);
}

/* ---- DER ---- */

static void der_is_read_to_the_last_octet(void **state)
{
    X509 *const expected[] = {leaf.certificate, middle.certificate, root.certificate};
    STACK_OF(X509) *stack = ca_stack(leaf.certificate, middle.certificate, root.certificate, NULL);
    size_t length = 0;
    unsigned char *der = ca_der(leaf.certificate, &length);
    unsigned char *longer = malloc(length + 1);

    (void)state;
    assert_reads(der, length, expected, 1);
    memcpy(longer, der, length);
    longer[length] = '\n';
    assert_refused(longer, length + 1, PKI_UPLOAD_MALFORMED, "the upload has 1 octets too many behind its end");
    assert_refused(der, length - 1, PKI_UPLOAD_MALFORMED, "the upload is cut: it says that it has");
    assert_refused(der, length / 2, PKI_UPLOAD_MALFORMED, "the upload is cut: it says that it has");
    assert_refused(der, 1, PKI_UPLOAD_MALFORMED, "the upload is not a certificate in DER");
    free(der);
    free(longer);
    der = ca_pkcs7(stack, &length);
    assert_reads(der, length, expected, 3);
    longer = malloc(length + 3);
    memcpy(longer, der, length);
    memset(longer + length, 0, 3);
    assert_refused(longer, length + 3, PKI_UPLOAD_MALFORMED, "the upload has 3 octets too many behind its end");
    free(der);
    free(longer);
    ca_stack_free(stack);
}

/* A certificate in which a text looks like PEM is DER all the same. */
static void pem_within_der_is_text(void **state)
{
    const struct ca_spec spec = {.common_name = "-----BEGIN CERTIFICATE-----"};
    X509 *certificate = ca_certify(&spec, leaf.key, NULL);
    X509 *const expected[] = {certificate};
    size_t length = 0;
    unsigned char *der = ca_der(certificate, &length);

    (void)state;
    assert_reads(der, length, expected, 1);
    free(der);
    X509_free(certificate);
}

/* ---- What is no certificate ---- */

static void nothing_is_no_upload(void **state)
{
    (void)state;
    assert_refused("", 0, PKI_UPLOAD_MISSING, "there is no upload");
}

static const struct {
    const char *layout;
    const char *sentence;
} wrong_texts[] = {
    {"garbage", "the upload is neither PEM nor DER"},
    {"-----BEGIN CERTIFICATE-----", "certificate 1 of the PEM text is cut"},
    {"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", "certificate 1 of the PEM text"},
    {"-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n",
     "certificate 1 of the PEM text is damaged: there is something else than base64 in it"},
    {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
     "certificate 1 of the PEM text is not a certificate in DER: "},
    {"@1-----BEGIN CERTIFICATE-----\nMIIB\n", "certificate 2 of the PEM text is cut"},
    {"@1-----BEGIN CERTIFICATE-----\nMIIB\n-----END CMS-----\n", "certificate 2 of the PEM text is cut"},
    {"@1-----BEGIN CERTIFICATE----\nMIIB\n-----END CERTIFICATE-----\n",
     "the PEM text has 2 BEGIN lines, and only 1 of them begin a block"},
    {"@1  -----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
     "the PEM text has 2 BEGIN lines, and only 1 of them begin a block"},
    {"@1-----BEGIN DH PARAMETERS-----\nAAAA\n-----END DH PARAMETERS-----\n",
     "certificate 2 of the PEM text is a block with another label; expected CERTIFICATE or PKCS7"},
    {"@1-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
     "certificate 2 of the PEM text is a public key, not a certificate"},
    {"@1-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END "
     "CERTIFICATE-----\n",
     "certificate 2 of the PEM text is encrypted"},
    {"@1-----BEGIN PKCS7-----\nAAAA\n-----END PKCS7-----\n", "certificate 2 of the PEM text is not PKCS#7 in DER"},
};

static void wrong_texts_say_where_and_why(void **state)
{
    char *text = malloc(TEXT_MAX);

    (void)state;
    for (size_t i = 0; i < COUNT(wrong_texts); i++) {
        fill(text, wrong_texts[i].layout);
        assert_text_refused(text, PKI_UPLOAD_MALFORMED, wrong_texts[i].sentence);
    }
    /* The last line of a block that is whole otherwise. */
    snprintf(text, TEXT_MAX, "%s%s", pem[1], pem[0]);
    *strstr(text + strlen(pem[1]), "-----END") = '\0';
    assert_text_refused(text, PKI_UPLOAD_MALFORMED, "certificate 2 of the PEM text is cut");
    free(text);
}

static void other_structures_are_named(void **state)
{
    size_t length = 0;
    unsigned char *der = ca_request(leaf.key, "mfp-17.example", &length);
    char *text = ca_pem_block("CERTIFICATE REQUEST", der, length);

    (void)state;
    assert_refused(der, length, PKI_UPLOAD_MALFORMED, "the upload is a certificate request, not a certificate");
    assert_text_refused(text, PKI_UPLOAD_MALFORMED,
                        "certificate 1 of the PEM text is a certificate request, not a certificate");
    free(text);
    text = ca_pem_block("CERTIFICATE", der, length);
    assert_text_refused(text, PKI_UPLOAD_MALFORMED,
                        "certificate 1 of the PEM text is a certificate request, not a certificate");
    free(text);
    free(der);
    der = ca_crl(&root, &length);
    text = ca_pem_block("X509 CRL", der, length);
    assert_refused(der, length, PKI_UPLOAD_MALFORMED, "the upload is a list of revoked certificates, not a");
    assert_text_refused(text, PKI_UPLOAD_MALFORMED, "is a list of revoked certificates, not a certificate");
    free(text);
    free(der);
    length = (size_t)i2d_PUBKEY(leaf.key, (der = NULL, &der));
    assert_refused(der, length, PKI_UPLOAD_MALFORMED, "the upload is a public key, not a certificate");
    OPENSSL_free(der);
    der = ca_pkcs7(NULL, &length);
    assert_refused(der, length, PKI_UPLOAD_MALFORMED, "the upload is PKCS#7 without a certificate");
    free(der);
}

static void trailing_octets_in_a_block_are_refused(void **state)
{
    static const char *const labels[] = {"CERTIFICATE", "TRUSTED CERTIFICATE"};
    size_t length = 0;
    unsigned char *der = ca_der(leaf.certificate, &length);
    unsigned char *longer = malloc(length + 2);

    (void)state;
    memcpy(longer, der, length);
    memset(longer + length, 0, 2);
    for (size_t i = 0; i < COUNT(labels); i++) {
        char *text = ca_pem_block(labels[i], longer, length + 2);

        assert_text_refused(text, PKI_UPLOAD_MALFORMED, "certificate 1 of the PEM text has 2 octets too many");
        free(text);
    }
    free(der);
    free(longer);
}

static void contradicting_extensions_are_refused(void **state)
{
    static const struct ca_extension twice[] = {{"basicConstraints", "CA:FALSE"}, {NULL, NULL}};
    const struct ca_spec spec = {.common_name = "a", .basic_constraints = "CA:TRUE", .extensions = twice};
    X509 *certificate = ca_certify(&spec, leaf.key, NULL);
    char *text = ca_pem(certificate, NULL);

    (void)state;
    assert_text_refused(text, PKI_UPLOAD_MALFORMED, "certificate 1 of the PEM text has extensions that are malformed");
    free(text);
    X509_free(certificate);
}

/* ---- Limits ---- */

static void seventeen_certificates_are_too_many(void **state)
{
    const struct ca_spec spec = {.common_name = "one of many"};
    X509 *certificates[PKI_BUNDLE_CERTIFICATES_MAX + 1];
    char *text = calloc(1, TEXT_MAX);

    (void)state;
    for (size_t i = 0; i < COUNT(certificates); i++) {
        char *one;

        /* Sixteen, the first of them twice, are no seventeen. */
        if (i == PKI_BUNDLE_CERTIFICATES_MAX)
            assert_reads(text, strlen(text), certificates, PKI_BUNDLE_CERTIFICATES_MAX);
        certificates[i] = ca_certify(&spec, leaf.key, NULL);
        one = ca_pem(certificates[i], NULL);
        strcat(text, one);
        if (i == 0)
            strcat(text, one);
        free(one);
    }
    assert_text_refused(text, PKI_UPLOAD_TOO_LARGE, "more than 16 certificates; expected those of one chain");
    for (size_t i = 0; i < COUNT(certificates); i++)
        X509_free(certificates[i]);
    free(text);
}

static void the_size_is_limited(void **state)
{
    X509 *const expected[] = {leaf.certificate};
    char *text = malloc(PKI_BUNDLE_OCTETS_MAX + 2);

    (void)state;
    memset(text, '\n', PKI_BUNDLE_OCTETS_MAX + 1);
    memcpy(text, pem[0], strlen(pem[0]));
    assert_reads(text, PKI_BUNDLE_OCTETS_MAX, expected, 1);
    assert_refused(text, PKI_BUNDLE_OCTETS_MAX + 1, PKI_UPLOAD_TOO_LARGE,
                   "the upload has 65537 octets; expected 65536 at most");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pem_is_read_in_every_layout),
        cmocka_unit_test(the_order_of_the_upload_stays),
        cmocka_unit_test(long_lines_are_read),
        cmocka_unit_test(every_label_is_read),
        cmocka_unit_test(the_extras_of_a_trusted_certificate_are_dropped),
        cmocka_unit_test(der_is_read_to_the_last_octet),
        cmocka_unit_test(pem_within_der_is_text),
        cmocka_unit_test(nothing_is_no_upload),
        cmocka_unit_test(wrong_texts_say_where_and_why),
        cmocka_unit_test(other_structures_are_named),
        cmocka_unit_test(trailing_octets_in_a_block_are_refused),
        cmocka_unit_test(contradicting_extensions_are_refused),
        cmocka_unit_test(seventeen_certificates_are_too_many),
        cmocka_unit_test(the_size_is_limited),
    };

    return cmocka_run_group_tests(tests, make, drop);
}

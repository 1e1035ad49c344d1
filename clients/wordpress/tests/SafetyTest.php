<?php

declare(strict_types=1);

namespace Cognate\Tests\WordPress;

use Cognate\Tests\WordPress\Support\Pair;
use Cognate\Tests\WordPress\Support\Site;
use PHPUnit\Framework\TestCase;

/** What a delivery may not do to a site, and what a site does with one that comes twice, late, or with something in its way. */
final class SafetyTest extends TestCase
{
    private static ?Site $site = null;
    private static int $version = 1000;

    private static function site(): Site
    {
        if (self::$site === null) {
            self::$site = new Site('delta', Pair::shared()->wordPress, 'wp_');
            self::$site->settings(['comments' => true, 'options' => ['blogdescription', 'admin_email', 'siteurl'], 'post_meta' => ['layout: json'], 'user_meta' => ['wp_capabilities', 'session_tokens', 'badge']]);
        }
        return self::$site;
    }

    /**
     * Gives a site deliveries, as a worker would. What makes messages of JSON here, and nothing else, asks for bccomp() of ext-bcmath.
     *
     * @param list<array<string, mixed>> $deliveries as JSON has them
     * @return list<string> status and reason of each
     */
    private static function deliver(array ...$deliveries): array
    {
        $deliveries = array_map(static fn (array $delivery): array => $delivery + ['operation' => 'OPERATION_UPDATE', 'version' => (string) ++self::$version, 'source' => ['platform' => 'x', 'model' => 'm', 'localId' => (string) self::$version]], $deliveries);
        $json = base64_encode((string) json_encode($deliveries));
        return self::site()->php("if (! function_exists('bccomp')) { function bccomp(string \$a, string \$b): int { return (int) \$a <=> (int) \$b; } }
            \$told = []; foreach (json_decode(base64_decode('$json'), true) as \$one) { \$delivery = new Cognate\\V1\\Delivery(); \$delivery->mergeFromJsonString(json_encode(\$one));
            \$result = Cognate\\WordPress\\Plugin::instance()->applier->apply(Cognate\\Client\\ReceivedDelivery::of(\$delivery));
            \$told[] = trim(str_replace('OUTCOME_STATUS_', '', Cognate\\V1\\OutcomeStatus::name(\$result->getStatus())) . ' ' . (\$result->getError()?->getReason() ?? \$result->getLocalId())); } return \$told;");
    }

    /**
     * @param array<string, mixed> $fields
     * @param array<string, mixed> $more
     * @return array<string, mixed>
     */
    private static function delivery(string $model, string $entity, array $fields, array $more = []): array
    {
        $list = [];
        foreach ($fields as $name => $value) {
            $list[] = ['name' => $name, 'value' => is_array($value) ? $value : ['textValue' => $value]];
        }
        return $more + ['entityId' => "01900000-0000-7000-8000-$entity", 'model' => $model, 'fields' => $list];
    }

    public function testADeliveryThatComesTwiceOrLateIsWrittenOnce(): void
    {
        $first = self::delivery('post.post', '000000000001', ['post_title' => 'Once', 'post_status' => 'publish'], ['version' => '11', 'source' => []]);
        $second = self::delivery('post.post', '000000000001', ['post_title' => 'Twice', 'post_status' => 'publish'], ['version' => '12', 'source' => []]);
        $told = self::deliver($first, $second, $first, $second);
        self::assertCount(1, array_unique($told));
        self::assertSame([['post_title' => 'Twice']], self::site()->rows("SELECT post_title FROM {posts} WHERE post_title IN ('Once', 'Twice') AND post_type = 'post'"));
        // A delete of before its last version is past; a later one is not, and comes twice, too.
        $delete = ['operation' => 'OPERATION_DELETE', 'fields' => []];
        self::deliver(['version' => '10'] + $delete + $second);
        self::assertCount(1, self::site()->rows("SELECT 1 FROM {posts} WHERE post_title = 'Twice' AND post_status = 'publish' AND post_type = 'post'"));
        self::assertSame(['APPLIED', 'APPLIED'], self::deliver(['version' => '13'] + $delete + $second, ['version' => '13'] + $delete + $second));
        self::assertSame(['SKIPPED DELETED_ON_TARGET'], self::deliver($second));
        self::assertSame([['post_status' => 'trash']], self::site()->rows("SELECT post_status FROM {posts} WHERE post_title = 'Twice' AND post_type = 'post'"));
    }

    public function testOfADeleteThatIsOlderThanAnEditOfHereTheHubHearsOnceMore(): void
    {
        $post = self::delivery('post.post', '000000000002', ['post_title' => 'Met', 'post_status' => 'publish'], ['version' => '21', 'source' => []]);
        [$told] = self::deliver($post);
        $id = explode(' ', $told)[1];
        $marks = static fn (): array => self::site()->rows("SELECT 1 FROM {cognate_outbox} WHERE model = 'post.post' AND local_id = '$id'");
        self::site()->php("Cognate\\WordPress\\Plugin::instance()->inbox->sent('post.post', '$id', 25, [], false, false); return 0;");
        self::deliver(['version' => '23', 'operation' => 'OPERATION_DELETE', 'fields' => []] + $post);
        self::assertCount(1, $marks());
        self::assertTrue(self::site()->php("return Cognate\\WordPress\\Plugin::instance()->inbox->ofRecord('post.post', '$id')->isNewerAtHub();"));
        self::site()->php("\$plugin = Cognate\\WordPress\\Plugin::instance(); \$plugin->inbox->sent('post.post', '$id', 26, [], true, false); return 0;");
        self::assertFalse(self::site()->php("return Cognate\\WordPress\\Plugin::instance()->inbox->ofRecord('post.post', '$id')->isNewerAtHub();"), 'once');
    }

    public function testAnAdministratorIsTheSameUserAndIsNotWritten(): void
    {
        $key = ['naturalKeys' => [['fields' => ['user_login']]]];
        $told = self::deliver(
            self::delivery('user', '000000000010', ['user_login' => 'admin', 'user_email' => 'thief@example.org', 'display_name' => 'Thief'], $key),
            self::delivery('user', '000000000010', [], ['operation' => 'OPERATION_DELETE', 'localId' => '1']),
        );
        self::assertSame(['APPLIED 1', 'REJECTED PROTECTED_USER'], $told);
        self::assertSame([['user_email' => 'admin@delta.example.org', 'display_name' => 'admin']], self::site()->rows('SELECT user_email, display_name FROM {users} WHERE ID = 1'));
    }

    public function testNobodyGetsRightsFromOutside(): void
    {
        $told = self::deliver(
            self::delivery('user', '000000000020', ['user_login' => 'newcomer', 'user_email' => 'new@example.org']),
            self::delivery('user', '000000000021', ['user_login' => 'other', 'user_email' => 'other@example.org', 'roles' => ['listValue' => ['values' => [['textValue' => 'administrator']]]]]),
            self::delivery('user', '000000000022', ['user_login' => 'third', 'user_email' => 'third@example.org', 'meta_wp_capabilities' => 'a:1:{s:13:"administrator";b:1;}']),
            self::delivery('user', '000000000023', ['user_login' => 'fourth', 'user_email' => 'fourth@example.org', 'user_pass' => '$P$B123456789012345678901234567890']),
            self::delivery('user', '000000000024', ['user_login' => 'fifth', 'user_email' => 'new@example.org']),
        );
        self::assertStringStartsWith('APPLIED ', array_shift($told));
        self::assertSame(['REJECTED FIELD_NOT_SYNCED', 'REJECTED FIELD_NOT_SYNCED', 'REJECTED FIELD_NOT_SYNCED', 'REJECTED UNIQUE_VIOLATION'], $told);
        self::assertSame(['subscriber'], self::site()->php("return get_user_by('login', 'newcomer')->roles;"));
    }

    public function testRolesTravelOnlyByName(): void
    {
        self::site()->settings(['roles' => ['author']]);
        self::deliver(self::delivery('user', '000000000020', ['roles' => ['listValue' => ['values' => [['textValue' => 'author'], ['textValue' => 'administrator']]]]]));
        $roles = self::site()->php("return array_values(get_user_by('login', 'newcomer')->roles);");
        sort($roles);
        self::assertSame(['author', 'subscriber'], $roles);
        self::site()->settings(['roles' => []]);
    }

    public function testScriptsAreTakenOutUnlessTheActingUserMayUseThem(): void
    {
        $text = '<p>a</p><script>alert(1)</script>';
        self::deliver(self::delivery('post.post', '000000000030', ['post_title' => 'Filtered', 'post_content' => $text]));
        self::site()->settings(['acting_user' => 1]);
        self::deliver(self::delivery('post.post', '000000000031', ['post_title' => 'Trusted', 'post_content' => $text]));
        self::site()->settings(['acting_user' => 0]);
        self::deliver(self::delivery('post.post', '000000000032', ['post_title' => 'Named', 'post_content' => $text], ['actingIdentity' => 'newcomer']));
        $found = array_column(self::site()->rows("SELECT post_title, post_content FROM {posts} WHERE post_title IN ('Filtered', 'Trusted', 'Named')"), 'post_content', 'post_title');
        ksort($found);
        self::assertSame(['Filtered' => '<p>a</p>alert(1)', 'Named' => '<p>a</p>alert(1)', 'Trusted' => $text], $found);
        self::assertSame(['UNAUTHENTICATED NO_SUCH_USER'], self::deliver(self::delivery('post.post', '000000000033', ['post_title' => 'x'], ['actingIdentity' => 'nobody'])));
    }

    public function testOptionsAndFieldsThatAreNotNamedAreRefused(): void
    {
        $option = static fn (string $entity, string $name, string $json): array => self::delivery('option', $entity, ['option_name' => $name, 'value' => $json], ['naturalKeys' => [['fields' => ['option_name']]]]);
        $told = self::deliver(
            $option('000000000040', 'blogdescription', '"from elsewhere"'),
            $option('000000000041', 'admin_email', '"thief@example.org"'),
            $option('000000000042', 'default_role', '"administrator"'),
            self::delivery('post.page', '000000000043', ['guid' => 'x']),
            self::delivery('post.product', '000000000044', ['post_title' => 'x']),
            self::delivery('post.post', '000000000045', ['post_status' => 'inherit']),
            self::delivery('post.post', '000000000046', ['menu_order' => 'many']),
        );
        self::assertSame(['APPLIED blogdescription', 'REJECTED OPTION_NOT_SYNCED', 'REJECTED OPTION_NOT_SYNCED', 'REJECTED FIELD_NOT_SYNCED', 'REJECTED MODEL_NOT_SYNCED', 'REJECTED INVALID_VALUE', 'REJECTED WRONG_TYPE'], $told);
        self::assertSame('from elsewhere', self::site()->php("return get_option('blogdescription');"));
    }

    public function testCommentsAreWrittenAndObjectsInMetaAreNotRead(): void
    {
        $told = self::deliver(
            self::delivery('comment', '000000000050', ['comment_post_ID' => ['int64Value' => '1'], 'comment_author' => 'Ada', 'comment_content' => 'Hear "this" \\ <b>x</b><script>y</script>', 'comment_approved' => '1']),
            self::delivery('comment', '000000000051', ['comment_post_ID' => ['int64Value' => '999999'], 'comment_content' => 'lost']),
        );
        self::assertMatchesRegularExpression('/^APPLIED \d+$/', $told[0]);
        self::assertSame('FAILED POST_NOT_FOUND', $told[1]);
        $json = self::site()->php("global \$wpdb; \$wpdb->insert(\$wpdb->postmeta, ['post_id' => 1, 'meta_key' => 'layout', 'meta_value' => 'a:2:{s:1:\"a\";O:8:\"stdClass\":1:{s:1:\"x\";i:1;}s:1:\"b\";i:2;}']);
            return Cognate\\WordPress\\Plugin::instance()->kinds->named('post.post')->read('1')['meta_layout'];");
        self::assertSame('{"a":null,"b":2}', $json);
    }

    public function testAHalfWrittenRecordIsUndone(): void
    {
        // A plugin that fails in the middle of a save.
        file_put_contents(self::site()->content . '/mu-plugins/fails.php', "<?php\nadd_action('save_post', static function (\$id, \$post) { if (\$post->post_title === 'Half') { throw new RuntimeException('no'); } }, 10, 2);\n");
        self::assertSame(['FAILED SITE_FAILED'], self::deliver(self::delivery('post.post', '000000000060', ['post_title' => 'Half'])));
        unlink(self::site()->content . '/mu-plugins/fails.php');
        self::assertSame([], self::site()->rows("SELECT 1 FROM {posts} WHERE post_title = 'Half'"));
        self::assertSame([], self::site()->rows("SELECT 1 FROM {cognate_inbox} WHERE entity_id LIKE '%000000000060'"));
        self::assertSame([], self::site()->rows("SELECT 1 FROM {cognate_outbox} WHERE model = 'post.post' AND local_id > 3 AND local_id NOT IN (SELECT ID FROM {posts})"));
    }

    public function testWpCliHasTheSameCommands(): void
    {
        $said = self::site()->php("WP_CLI::\$commands['cognate'](['status'], ['json' => true]); return WP_CLI::\$said;", ['WP_CLI' => '1']);
        self::assertSame(['line', 'halt 0'], [explode(' ', $said[0])[0], $said[1]]);
        self::assertArrayHasKey('pending', json_decode(substr($said[0], 5), true));
        self::assertSame('halt 2', self::site()->php("WP_CLI::\$commands['cognate'](['nonsense'], []); return end(WP_CLI::\$said);", ['WP_CLI' => '1']));
    }

    public function testTheOrderOfAGalleryIsWrittenAndThatOfTermsIsNone(): void
    {
        self::site()->settings(['post_meta' => ['layout: json', 'gallery: attachments']]);
        $ids = self::site()->php("return array_map(static fn (\$i) => wp_insert_post(['post_type' => 'attachment', 'post_status' => 'inherit', 'post_title' => \"g\$i\"]), [1, 2]);");
        $list = static fn (array $ids): array => ['listValue' => ['values' => array_map(static fn (int $id): array => ['int64Value' => (string) $id], $ids)]];
        foreach ([$ids, array_reverse($ids)] as $order) {
            $told = self::deliver(self::delivery('post.post', '000000000070', ['post_title' => 'Gallery', 'post_status' => 'publish', 'meta_gallery' => $list($order)]));
            $post = explode(' ', $told[0])[1];
            self::assertSame($order, self::site()->php("return get_post_meta($post, 'gallery', true);"));
        }
    }

    public function testTheDoctorSeesTablesWithoutTransactions(): void
    {
        self::site()->database->exec('ALTER TABLE wp_comments ENGINE=MyISAM');
        $said = self::site()->cognate('doctor');
        self::assertStringContainsString('[mend] no transactions in wp_comments', $said);
        self::assertStringContainsString('[mend] this site has no key', $said);
        self::assertStringContainsString('ended with 1', $said);
        self::assertSame([], self::site()->complaints());
    }
}

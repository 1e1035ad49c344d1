<?php

declare(strict_types=1);

namespace Cognate\Tests\WordPress;

use Cognate\Tests\WordPress\Support\Browser;
use Cognate\Tests\WordPress\Support\Pair;
use Cognate\Tests\WordPress\Support\Site;
use PHPUnit\Framework\TestCase;

/** An administrator in a browser: enrols the site, chooses what travels, writes a post; cron does the rest. No command line is needed. */
final class SettingsTest extends TestCase
{
    private const PAGE = '/wp-admin/options-general.php?page=cognate';
    private static ?Browser $browser = null;
    private static ?Site $site = null;

    private static function browser(): Browser
    {
        if (self::$browser === null) {
            $pair = Pair::shared();
            $port = Browser::freePort();
            self::$site = new Site('gamma', $pair->wordPress, 'g_', "http://127.0.0.1:$port");
            self::$browser = Browser::of(self::$site, $pair->wordPress, $port);
            self::$browser->logIn('admin', 'geheim');
        }
        return self::$browser;
    }

    public function testASiteIsEnrolledByAToken(): void
    {
        $browser = self::browser();
        $hub = Pair::shared()->hub;
        $hub->cognate('platform', 'create', 'gamma', '--agent', '--pull');
        $token = "$hub->directory/gamma.token";
        $hub->cognate('key', 'enrol-token', 'gamma', '--out', $token);
        $said = $browser->send(self::PAGE, 'cognate_enrol', ['address' => $hub->address('connect'), 'token' => trim((string) file_get_contents($token))]);
        self::assertStringContainsString('This site is the platform gamma.', $said);
        self::assertStringContainsString('This site has a key.', $said);
        self::assertStringContainsString('connect as keys/', self::$site->cognate('doctor'));
        // A used token, and an address where nobody is, are told in words.
        self::assertStringContainsString('notice-error', $browser->send(self::PAGE, 'cognate_enrol', ['token' => trim((string) file_get_contents($token))]));
        self::assertStringContainsString('connect as keys/', self::$site->cognate('doctor'), 'the key is still the one before');
    }

    /** @depends testASiteIsEnrolledByAToken */
    public function testTheKeyIsShownNowhere(): void
    {
        $key = (string) self::$site->php('return Cognate\WordPress\Plugin::instance()->key->options()["key"];');
        self::assertStringStartsWith('cgk_', $key);
        self::assertStringNotContainsString($key, self::browser()->get(self::PAGE));
        foreach (self::$site->database->query('SHOW TABLES')->fetchAll(\PDO::FETCH_COLUMN) as $table) {
            foreach (self::$site->database->query("SELECT * FROM `$table`")->fetchAll(\PDO::FETCH_ASSOC) as $row) {
                self::assertStringNotContainsString($key, (string) json_encode($row, JSON_UNESCAPED_SLASHES | JSON_PARTIAL_OUTPUT_ON_ERROR), $table);
            }
        }
        self::assertStringNotContainsString('cognate_facts', (string) json_encode(self::$site->rows('SELECT * FROM {options}')));
        self::assertStringNotContainsString($key, self::$site->log() . self::$site->cognate('status') . self::$site->cognate('doctor'));
    }

    /** @depends testASiteIsEnrolledByAToken */
    public function testWhatTravelsIsChosenOnThePage(): void
    {
        $browser = self::browser();
        $said = $browser->send(self::PAGE, 'cognate_save', ['post_types' => ['post'], 'post_meta' => "price: integer\ncolour", 'comments' => '1', 'options' => 'blogdescription', 'roles' => ['editor']]);
        self::assertStringContainsString('Saved.', $said);
        self::$site->cognate('work', '--seconds=0');
        $models = Pair::shared()->hub->cognate('model', 'list', 'gamma');
        foreach (['post.post', 'term.category', 'user', 'comment', 'option'] as $model) {
            self::assertStringContainsString($model, $models);
        }
        $post = Pair::shared()->hub->cognate('model', 'show', 'gamma', 'post.post');
        self::assertStringContainsString('meta_price', $post);
        self::assertStringContainsString('roles', Pair::shared()->hub->cognate('model', 'show', 'gamma', 'user'));
        self::assertStringNotContainsString('user_pass', Pair::shared()->hub->cognate('model', 'show', 'gamma', 'user'));
    }

    /** @depends testWhatTravelsIsChosenOnThePage */
    public function testAPostThatTheEditorSavesIsSentByCron(): void
    {
        $browser = self::browser();
        $nonce = trim($browser->get('/wp-admin/admin-ajax.php?action=rest-nonce'));
        $said = $browser->post('/index.php?rest_route=/wp/v2/posts', ['title' => 'By the editor', 'content' => 'x', 'status' => 'publish'], ["X-WP-Nonce: $nonce"]);
        self::assertSame(201, $browser->status(), $said);
        $id = json_decode($said, true)['id'];
        self::assertSame('1', (string) self::$site->rows("SELECT COUNT(*) AS n FROM {cognate_outbox} WHERE model = 'post.post' AND local_id = '$id'")[0]['n']);
        $browser->get('/wp-cron.php?doing_wp_cron');
        self::assertSame(0, self::$site->pending(), self::$site->log());
        self::assertStringContainsString("The change log has post.post $id on gamma", Pair::shared()->hub->cognate('explain', 'gamma', 'post.post', (string) $id));
    }

    /** @depends testASiteIsEnrolledByAToken */
    public function testOthersMayNotChangeIt(): void
    {
        $browser = self::browser();
        $browser->post('/wp-admin/admin-post.php', ['action' => 'cognate_save', 'post_types' => []]);
        self::assertSame(403, $browser->status(), 'without the form\'s nonce');
        self::$site->php("wp_insert_user(['user_login' => 'ed', 'user_pass' => 'geheim', 'user_email' => 'ed@example.org', 'role' => 'editor']);");
        $other = $browser->another();
        $other->logIn('ed', 'geheim');
        $other->get(self::PAGE);
        self::assertSame(403, $other->status());
        $other->post('/wp-admin/admin-post.php', ['action' => 'cognate_compare']);
        self::assertSame(403, $other->status());
    }

    /** @depends testASiteIsEnrolledByAToken */
    public function testACopyOfTheSiteDoesNotActForIt(): void
    {
        $before = (string) file_get_contents(self::$site->file);
        file_put_contents(self::$site->file, str_replace('http://127.0.0.1', 'http://staging.example.org', $before));
        self::$site->php("wp_insert_post(['post_title' => 'On the copy', 'post_content' => 'x', 'post_status' => 'publish']);");
        self::assertStringContainsString('a copy does nothing', self::$site->cognate('work', '--seconds=0'));
        self::assertStringContainsString('a copy does nothing', self::$site->cognate('doctor'));
        self::assertGreaterThan(0, self::$site->pending());
        self::$site->cognate('moved');
        self::$site->cognate('work', '--seconds=0');
        self::assertSame(0, self::$site->pending());
        file_put_contents(self::$site->file, $before);
        self::$site->cognate('moved');
    }

    /** @depends testACopyOfTheSiteDoesNotActForIt */
    public function testWritesThatWentPastTheHooksAreFoundByAComparison(): void
    {
        self::$site->database->exec("UPDATE g_posts SET post_title = 'Behind the back' WHERE post_title = 'On the copy'");
        $id = self::$site->rows("SELECT ID FROM {posts} WHERE post_title = 'Behind the back' AND post_type = 'post'")[0]['ID'];
        $before = self::$site->rows("SELECT version FROM {cognate_inbox} WHERE model = 'post.post' AND local_id = '$id'");
        self::browser()->send(self::PAGE, 'cognate_compare', []);
        self::assertStringContainsString('A comparison of all records is under way.', self::browser()->get(self::PAGE));
        self::browser()->get('/wp-cron.php?doing_wp_cron');
        self::$site->php("do_action('cognate_work');");
        self::assertNotEquals($before, self::$site->rows("SELECT version FROM {cognate_inbox} WHERE model = 'post.post' AND local_id = '$id'"), self::$site->log());
        self::assertStringNotContainsString('under way', self::browser()->get(self::PAGE));
    }

    /** @depends testASiteIsEnrolledByAToken */
    public function testTheReadmesSyncsFit(): void
    {
        $readme = (string) file_get_contents(dirname(__DIR__) . '/README.md');
        self::assertSame(1, preg_match('/```yaml\n(.*?)```/s', $readme, $found));
        $file = Pair::shared()->hub->directory . '/readme.yaml';
        file_put_contents($file, str_replace(['blog', 'shop'], ['alpha', 'gamma'], $found[1]));
        self::browser()->send(self::PAGE, 'cognate_save', ['post_types' => ['post', 'attachment']]);
        self::$site->cognate('work', '--seconds=0');
        // It ends with an error where one of them cannot be applied.
        self::assertStringNotContainsString('ERROR', Pair::shared()->hub->cognate('sync', 'lint', $file));
    }
}

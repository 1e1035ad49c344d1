<?php

declare(strict_types=1);

namespace Cognate\Tests\WordPress;

use Cognate\Tests\Laravel\Support\Eventually;
use Cognate\Tests\WordPress\Support\Content;
use Cognate\Tests\WordPress\Support\Pair;
use Cognate\Tests\WordPress\Support\Site;
use PHPUnit\Framework\TestCase;

/** Two real sites on MariaDB, through a hub that runs, over plain HTTP. Each test goes on with what the one before has left. */
final class TwoWayTest extends TestCase
{
    public function testTwoSitesThatWriteAtOnceEndWithTheSame(): void
    {
        $pair = Pair::shared();
        $made = [$pair->write($pair->alpha, 1, 40), $pair->write($pair->beta, 2, 40)];
        $pair->settle();
        $made[] = $pair->write($pair->alpha, 3, 25);
        $made[] = $pair->write($pair->beta, 4, 25);
        $pair->settle();
        $account = $pair->account($made);
        $content = Content::of($pair->alpha);
        $sizes = implode(' ', array_map(static fn (string $kind): string => "$kind=" . count($content[$kind]), array_keys($content)));
        echo "\nfigure wordpress.two_way lost={$account['lost']} doubled={$account['doubled']} differing={$account['differing']} $sizes\n";
        self::assertSame(['lost' => 0, 'doubled' => 0, 'differing' => 0], $account, $pair->difference());
    }

    public function testWhatWasDeliveredIsNotSentBack(): void
    {
        $pair = Pair::shared();
        self::save($pair->alpha, 'Echo');
        $pair->settle();
        $before = self::versions($pair->alpha) + self::versions($pair->beta);
        foreach ([$pair->alpha, $pair->beta, $pair->alpha] as $site) {
            self::assertStringContainsString('sent 0, received 0, files 0', $site->cognate('work', '--seconds=0', '--idle=0.2'));
        }
        // Nor what looks like a change and is none.
        foreach ([$pair->alpha, $pair->beta] as $site) {
            self::assertStringContainsString('0 records differ', $site->cognate('push', '--all'));
        }
        self::assertSame($before, self::versions($pair->alpha) + self::versions($pair->beta));
    }

    public function testRevisionsAndAutosavesStayHere(): void
    {
        $pair = Pair::shared();
        $id = self::save($pair->alpha, 'Draft', ['post_status' => 'draft']);
        $pair->alpha->php("wp_update_post(['ID' => $id, 'post_content' => 'second']);");
        $pair->alpha->php("define('DOING_AUTOSAVE', true); require_once ABSPATH . 'wp-admin/includes/post.php'; wp_set_current_user(1);
            wp_create_post_autosave(['post_ID' => $id, 'post_type' => 'post', 'post_title' => 'Draft', 'post_content' => 'typing', 'post_excerpt' => '']);");
        $revisions = $pair->alpha->rows("SELECT ID FROM {posts} WHERE post_type = 'revision' AND post_parent = $id");
        self::assertGreaterThanOrEqual(2, count($revisions));
        self::assertSame([['model' => 'post.post', 'local_id' => (string) $id]], $pair->alpha->rows('SELECT model, local_id FROM {cognate_outbox}'), 'one row a record');
        $pair->settle();
        self::assertSame('second', self::post($pair->beta, 'Draft')['post_content']);
        self::assertSame([], $pair->alpha->rows("SELECT 1 FROM {cognate_inbox} WHERE local_id IN (" . implode(', ', array_map(static fn (array $row): string => "'{$row['ID']}'", $revisions)) . ") AND model LIKE 'post.%'"));
    }

    public function testTrashAndDeleteTravelAndComeBack(): void
    {
        $pair = Pair::shared();
        $id = self::save($pair->alpha, 'Phoenix');
        $pair->settle();
        $there = (int) self::post($pair->beta, 'Phoenix')['ID'];
        $pair->alpha->php("wp_trash_post($id);");
        $pair->settle();
        self::assertSame('trash', self::post($pair->beta, 'Phoenix')['post_status']);
        $pair->alpha->php("wp_untrash_post($id); wp_publish_post($id);");
        $pair->settle();
        self::assertSame([$there, 'publish'], [(int) self::post($pair->beta, 'Phoenix')['ID'], self::post($pair->beta, 'Phoenix')['post_status']], 'the same post');
        // And from the other side, for good.
        $pair->beta->php("wp_delete_post($there, true);");
        $pair->settle();
        self::assertSame('trash', self::post($pair->alpha, 'Phoenix')['post_status']);
        $pair->beta->settings(['on_delete' => 'delete']);
        self::save($pair->alpha, 'Ash');
        $pair->settle();
        $pair->alpha->php('wp_delete_post(' . self::post($pair->alpha, 'Ash')['ID'] . ', true);');
        $pair->settle();
        self::assertNull(self::post($pair->beta, 'Ash'));
        $pair->beta->settings(['on_delete' => 'trash']);
    }

    public function testUsersAndTermsGoWithoutTakingPostsAlong(): void
    {
        $pair = Pair::shared();
        $user = $pair->alpha->php("return wp_insert_user(['user_login' => 'leaver', 'user_email' => 'leaver@example.org', 'user_pass' => 'x', 'role' => 'author']);");
        $term = $pair->alpha->php("return wp_insert_term('Passing', 'category')['term_id'];");
        self::save($pair->alpha, 'Stays', ['post_author' => $user, 'post_category' => [$term]]);
        $pair->settle();
        self::assertSame(['leaver', 'category passing'], [self::content($pair->beta, 'Stays')['author'], self::content($pair->beta, 'Stays')['terms'][0]]);
        $pair->alpha->php("require_once ABSPATH . 'wp-admin/includes/user.php'; wp_delete_user($user, 1); wp_delete_term($term, 'category');");
        $pair->settle();
        self::assertSame(['admin', 'category uncategorized'], [self::content($pair->beta, 'Stays')['author'], self::content($pair->beta, 'Stays')['terms'][0]]);
        self::assertSame([], $pair->beta->rows("SELECT 1 FROM {users} WHERE user_login = 'leaver'"));
    }

    public function testAPostIsSavedWhileTheHubIsDownAndArrivesLater(): void
    {
        $pair = Pair::shared();
        $pair->hub->stop(SIGKILL);
        $seconds = [];
        foreach (['One', 'Two', 'Three'] as $title) {
            $seconds[] = $pair->alpha->php("\$start = microtime(true); wp_insert_post(['post_title' => 'Down $title', 'post_content' => 'x', 'post_status' => 'publish']); return microtime(true) - \$start;");
        }
        self::assertStringContainsString('ended with 1', $pair->alpha->cognate('work', '--seconds=0'));
        self::assertSame(3, $pair->alpha->pending());
        self::assertStringContainsString('waiting   3', $pair->alpha->cognate('status'));
        printf("\nfigure wordpress.hub_down posts_saved=3 slowest_ms=%.0f\n", 1000 * max($seconds));
        $pair->hub->start();
        foreach ([$pair->alpha, $pair->beta] as $site) {
            $site->settings(['address' => $pair->hub->address('connect')]);
        }
        $pair->settle();
        self::assertNotNull(self::post($pair->beta, 'Down Three'));
    }

    public function testEditsOfTwoFieldsOnBothSidesAreBothKept(): void
    {
        $pair = Pair::shared();
        $id = self::save($pair->alpha, 'Both', ['post_content' => 'first']);
        $pair->settle();
        $there = (int) self::post($pair->beta, 'Both')['ID'];
        $pair->alpha->php("wp_update_post(['ID' => $id, 'post_content' => 'from alpha']);");
        $pair->alpha->cognate('push');
        // What alpha has changed arrives while an edit of beta waits to be sent.
        $pair->beta->php("wp_update_post(['ID' => $there, 'post_excerpt' => 'from beta']);");
        Eventually::is(static function () use ($pair): bool {
            $pair->beta->cognate('pull');
            return self::post($pair->beta, 'Both')['post_content'] === 'from alpha';
        }, 'the edit of alpha is on beta');
        self::assertSame('from beta', self::post($pair->beta, 'Both')['post_excerpt']);
        $pair->settle();
        self::assertSame(['from alpha', 'from beta'], [self::post($pair->alpha, 'Both')['post_content'], self::post($pair->alpha, 'Both')['post_excerpt']]);
    }

    public function testPhpFindsNothingOdd(): void
    {
        self::assertSame([], [...Pair::shared()->alpha->complaints(), ...Pair::shared()->beta->complaints()]);
    }

    /** @param array<string, mixed> $more */
    private static function save(Site $site, string $title, array $more = []): int
    {
        return $site->php('return wp_insert_post(' . var_export($more + ['post_title' => $title, 'post_content' => 'text', 'post_status' => 'publish', 'post_author' => 1], true) . ');');
    }

    /** @return array<string, mixed>|null */
    private static function post(Site $site, string $title): ?array
    {
        return $site->rows("SELECT * FROM {posts} WHERE post_type = 'post' AND post_title = '$title' ORDER BY ID DESC LIMIT 1")[0] ?? null;
    }

    /** @return array<string, mixed> */
    private static function content(Site $site, string $title): array
    {
        return array_column(Content::of($site)['posts'], null, 'post_title')[$title];
    }

    /** @return array<string, string> */
    private static function versions(Site $site): array
    {
        return array_column($site->rows("SELECT CONCAT('$site->name ', model, ' ', local_id) AS record, version FROM {cognate_inbox}"), 'version', 'record');
    }
}

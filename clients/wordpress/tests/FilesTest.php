<?php

declare(strict_types=1);

namespace Cognate\Tests\WordPress;

use Cognate\Tests\Laravel\Support\Eventually;
use Cognate\Tests\WordPress\Support\Content;
use Cognate\Tests\WordPress\Support\Pair;
use Cognate\Tests\WordPress\Support\Picture;
use Cognate\Tests\WordPress\Support\Proxy;
use PHPUnit\Framework\TestCase;

/** Bytes of attachments, from the uploads of one site into those of another. */
final class FilesTest extends TestCase
{
    public function testALargeFileGoesOnWhereItsWorkersWereKilled(): void
    {
        $pair = Pair::shared();
        [$up, $down] = [new Proxy($pair->alpha, $pair->hub->address('connect')), new Proxy($pair->beta, $pair->hub->address('connect'))];
        // More than two pieces of an upload, and of a download.
        Picture::attach($pair->alpha, 'large.gz', 'gzencode(random_bytes(9 << 20), 0)');
        $up->fail(['verb' => 'PATCH', 'from' => 2, 'kill' => true]);
        Eventually::is(static function () use ($pair, $up): bool {
            // The hub asks for it once the other side is to have it.
            $pair->beta->cognate('work', '--seconds=0', '--idle=0.1');
            return $pair->alpha->workUntilKilled($up);
        }, 'the file is sent', static fn (): string => $pair->difference());
        self::assertCount(1, $pair->alpha->rows("SELECT 1 FROM {cognate_facts} WHERE name LIKE 'upload.%'"));
        // The gateway is started anew at this moment: that is no reason to begin again.
        $up->fail(['verb' => 'HEAD', 'times' => 1, ...Proxy::error(503, 'unavailable', 'SHUTTING_DOWN')]);
        self::assertStringContainsString('HTTP status 503', $pair->alpha->cognate('work', '--seconds=0'));
        self::assertCount(1, $pair->alpha->rows("SELECT 1 FROM {cognate_facts} WHERE name LIKE 'upload.%'"));
        $pair->alpha->cognate('work', '--seconds=0');
        self::assertCount(0, $pair->alpha->rows("SELECT 1 FROM {cognate_facts} WHERE name LIKE 'upload.%'"));
        self::assertSame([], $up->asked('~^POST /files/tus~'), 'it went on where it was');
        $down->fail(['verb' => 'GET', 'path' => '/files/sha256/', 'from' => 2, 'kill' => true]);
        Eventually::is(static fn (): bool => $pair->beta->workUntilKilled($down), 'the file is fetched', static fn (): string => $pair->difference());
        $drafts = glob("{$pair->beta->content}/uploads/.cognate-drafts/*.draft") ?: [];
        self::assertSame([4 << 20], array_map('filesize', $drafts));
        $down->fail();
        $pair->settle();
        self::assertSame([], glob("{$pair->beta->content}/uploads/.cognate-drafts/*.draft"));
        array_map(static fn (Proxy $proxy) => $proxy->leave(), [$up, $down]);
        echo "\nfigure wordpress.large_file bytes=" . (9 << 20) . " killed=2 same=1\n";
    }

    public function testAFileOfTwoAttachmentsStaysUntilBothAreGone(): void
    {
        $pair = Pair::shared();
        $ids = [Picture::attach($pair->alpha, 'same.txt', "'the same text'"), Picture::attach($pair->alpha, 'same.txt', "'the same text'", '/twice')];
        $pair->settle();
        $paths = array_column($pair->beta->rows("SELECT meta_value FROM {postmeta} WHERE meta_key = '_wp_attached_file' AND meta_value LIKE 'cognate/same-%'"), 'meta_value');
        self::assertCount(2, $paths);
        self::assertCount(1, array_unique($paths), 'the same content under the same name is one file');
        $pair->alpha->php("wp_delete_attachment({$ids[0]}, true);");
        $pair->settle();
        self::assertFileExists("{$pair->beta->content}/uploads/{$paths[0]}");
        $pair->alpha->php("wp_delete_attachment({$ids[1]}, true);");
        $pair->settle();
        self::assertFileDoesNotExist("{$pair->beta->content}/uploads/{$paths[0]}");
    }

    public function testAFileThatTheSiteDoesNotAllowIsRefused(): void
    {
        $pair = Pair::shared();
        $id = Picture::attach($pair->alpha, 'notes.md', "'# text'");
        $troubles = '';
        Eventually::is(static function () use ($pair, &$troubles): bool {
            $pair->alpha->cognate('work', '--seconds=0', '--idle=0.1');
            $pair->beta->cognate('work', '--seconds=0', '--idle=0.1');
            return str_contains($troubles = $pair->hub->cognate('troubles', 'list'), 'FILE_TYPE_REFUSED');
        }, 'the refusal is known to the hub', static fn (): string => $troubles . $pair->beta->log());
        self::assertSame([], glob("{$pair->beta->content}/uploads/cognate/notes*"));
        $pair->alpha->php("wp_delete_attachment($id, true);");
        $pair->settle();
    }

    public function testAFeaturedImageArrivesWithItsSizes(): void
    {
        $pair = Pair::shared();
        $picture = dirname(__FILE__) . '/Support/Picture.php';
        $pair->beta->php("require_once '$picture'; \$id = " . Picture::class . "::upload('Featured', 77, 900); \$post = wp_insert_post(['post_title' => 'With image', 'post_content' => 'x', 'post_status' => 'publish']); set_post_thumbnail(\$post, \$id);");
        $pair->settle();
        $image = array_column(Content::of($pair->alpha)['posts'], 'image', 'post_title')['With image'];
        self::assertSame(900, $image['width']);
        self::assertContains('medium', $image['sizes']);
        self::assertSame([], $image['missing sizes']);
        self::assertStringContainsString('wp-content/uploads/cognate/', (string) $pair->alpha->php("return get_the_post_thumbnail_url(get_page_by_title('With image', OBJECT, 'post'), 'medium');"));
    }
}

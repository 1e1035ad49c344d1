<?php

declare(strict_types=1);

namespace Cognate\Tests\WordPress;

use Cognate\Tests\Laravel\Support\Eventually;
use Cognate\Tests\WordPress\Support\Content;
use Cognate\Tests\WordPress\Support\Pair;
use Cognate\Tests\WordPress\Support\Picture;
use Cognate\Tests\WordPress\Support\Site;
use PHPUnit\Framework\TestCase;

/** Bytes of attachments, from the uploads of one site into those of another. */
final class FilesTest extends TestCase
{
    public function testALargeFileGoesOnWhereItsWorkersWereKilled(): void
    {
        $pair = Pair::shared();
        // More than two pieces of an upload, and than one of a download.
        self::attach($pair->alpha, 'large.gz', 'gzencode(random_bytes(9 << 20), 0)');
        self::assertTrue($pair->alpha->workUntilKilled('PATCH 2 before'), $pair->alpha->log());
        self::assertCount(1, $pair->alpha->rows("SELECT 1 FROM {cognate_facts} WHERE name LIKE 'upload.%'"));
        $pair->alpha->cognate('work', '--seconds=0');
        self::assertCount(0, $pair->alpha->rows("SELECT 1 FROM {cognate_facts} WHERE name LIKE 'upload.%'"));
        Eventually::is(static fn (): bool => $pair->beta->workUntilKilled('GET 2 before'), 'the file is fetched', static fn (): string => $pair->difference());
        $drafts = glob("{$pair->beta->content}/uploads/.cognate-drafts/*.draft") ?: [];
        self::assertSame([8 << 20], array_map('filesize', $drafts));
        $pair->settle();
        self::assertSame([], glob("{$pair->beta->content}/uploads/.cognate-drafts/*.draft"));
        echo "\nfigure wordpress.large_file bytes=" . (9 << 20) . " killed=2 same=1\n";
    }

    public function testAFileOfTwoAttachmentsStaysUntilBothAreGone(): void
    {
        $pair = Pair::shared();
        $ids = [self::attach($pair->alpha, 'same.txt', "'the same text'"), self::attach($pair->alpha, 'same.txt', "'the same text'", '/twice')];
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
        $id = self::attach($pair->alpha, 'notes.md', "'# text'");
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

    /** @param string $content an expression */
    private static function attach(Site $site, string $name, string $content, string $directory = ''): int
    {
        return $site->php("\$place = wp_get_upload_dir()['basedir'] . '$directory'; wp_mkdir_p(\$place); file_put_contents(\"\$place/$name\", $content);
            \$id = wp_insert_attachment(['post_title' => '$name', 'post_status' => 'inherit', 'post_mime_type' => (string) wp_check_filetype('$name')['type']], \"\$place/$name\");
            require_once ABSPATH . 'wp-admin/includes/image.php'; wp_update_attachment_metadata(\$id, wp_generate_attachment_metadata(\$id, \"\$place/$name\")); return \$id;");
    }
}

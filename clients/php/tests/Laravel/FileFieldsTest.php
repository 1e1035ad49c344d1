<?php

declare(strict_types=1);

namespace Cognate\Tests\Laravel;

require_once __DIR__ . '/Support/autoload.php';

use Cognate\Client\Exception\StatusCode;
use Cognate\Client\Exception\Unavailable;
use Cognate\Laravel\Definitions;
use Cognate\Laravel\Files\AdapterDisk;
use Cognate\Laravel\Files\FileResolvers;
use Cognate\Laravel\Pusher;
use Cognate\Laravel\Schema\Tables;
use Cognate\Laravel\Worker;
use Cognate\Tests\Laravel\Models\Author;
use Cognate\Tests\Laravel\Models\Gallery;
use Cognate\Tests\Laravel\Models\StoredElsewhere;
use Cognate\Tests\Laravel\Support\FileAppTestCase;
use Cognate\Tests\Laravel\Support\FilePair;
use Illuminate\Database\Schema\Blueprint;
use Illuminate\Filesystem\FilesystemAdapter;
use League\Flysystem\Adapter\Local;
use League\Flysystem\Filesystem;

/** The kinds of fields that lead to files, and of disks that they are on. */
final class FileFieldsTest extends FileAppTestCase
{
    public function testMediaAreCapturedWithTheirRecordAndPutIntoTheirCollection(): void
    {
        $gallery = Gallery::create(['title' => 'Spring']);
        $this->sent();
        mkdir("$this->home/local");
        file_put_contents("$this->home/local/own.png", FilePair::png('own'));
        $own = $gallery->addMediaFromDisk('own.png', 'local')->toMediaCollection('photos');
        self::assertSame(['update galleries 1'], $this->captured(), 'a medium is a change of its record');
        $this->app->make(Pusher::class)->push();
        $sent = $this->hub->files['galleries 1 photos']->getListValue()->getValues();
        self::assertCount(1, $sent);
        self::assertSame(['own.png', '1/own.png', hash('sha256', FilePair::png('own'))], [$sent[0]->getFileValue()->getName(), $sent[0]->getFileValue()->getPath(), bin2hex($sent[0]->getFileValue()->getSha256())]);
        self::assertContains(FilePair::png('own'), $this->hub->contents, 'and its bytes came before');

        $this->hub->due('photos/a.png', FilePair::png('a'));
        $this->move();
        $path = substr(current(preg_grep('~^local/photos/a-~', $this->files())), strlen('local/'));
        $result = $this->deliver('galleries', 1, ['title' => 'Summer', 'photos' => json_encode(['1/own.png', $path])], 1000, '1');
        self::assertSame('', (string) $result->getError()?->getMessage());
        self::assertSame(['own.png', basename($path)], $gallery->getMedia('photos')->pluck('file_name')->all());
        self::assertStringEqualsFile("$this->home/media/2/" . basename($path), FilePair::png('a'));
        self::assertSame([], $this->captured(), 'what was delivered does not go back');
        $this->deliver('galleries', 1, ['title' => 'Summer', 'photos' => json_encode([$path])], 1001, '1');
        $this->deliver('galleries', 1, ['title' => 'Summer', 'photos' => json_encode([$path])], 1002, '1');
        self::assertSame([2], $gallery->getMedia('photos')->pluck('id')->all(), 'it is the same one');
        $this->deliver('galleries', 1, ['title' => 'Summer', 'photos' => null], 1003, '1');
        self::assertCount(0, $gallery->getMedia('photos'));
        self::assertNotNull($own->id);
    }

    public function testADiskThatIsNoDirectoryIsFilledAsAWhole(): void
    {
        $there = new FilesystemAdapter(new Filesystem(new Local("$this->home/bucket")));
        $disk = new AdapterDisk('s3', $there, "$this->home/scratch");
        $content = FilePair::png('bucket');
        $sha256 = hash('sha256', $content);
        foreach ([1, 2] as $time) {
            $draft = $disk->draft('a/b.png', $sha256);
            self::assertNull($disk->draft('a/b.png', $sha256), 'one worker at a time');
            fwrite($draft, $content);
            $disk->publish('a/b.png', $sha256, $draft);
            fclose($draft);
            self::assertSame(['bucket/a/b.png'], $this->files(), "time $time");
        }
        self::assertSame(strlen($content), $disk->stat('a/b.png')?->size);
        self::assertSame($content, stream_get_contents($disk->open('a/b.png')));
        self::assertNull($disk->open('../b.png'));
        fclose($disk->draft('a/c.png', $sha256));
        $disk->discard('a/c.png', $sha256);
        self::assertSame(['bucket/a/b.png'], $this->files());
    }

    public function testFieldsAreFoundByTheirNamesAndByAResolverOfTheApplication(): void
    {
        $fields = fn (): array => array_map(static fn ($field): string => "$field->kind on $field->disk", $this->app->make(FileResolvers::class)->fields($this->app->make(Definitions::class)->named('authors')));
        self::assertSame(['avatar' => 'column on public', 'pictures' => 'list on public', 'scan' => 'column on private'], $fields());
        $this->start(['files' => ['detect' => 'photo,image', 'disk' => 'media']]);
        self::assertSame('column on media', $fields()['photo_url']);
        $this->start(['models' => [StoredElsewhere::class], 'files' => ['resolvers' => [Author::class => Models\SignatureFiles::class]]]);
        self::assertSame('signature on private', $fields()['signature']);
        mkdir("$this->home/private");
        file_put_contents("$this->home/private/signature-1.png", FilePair::png('signature'));
        StoredElsewhere::create(['name' => 'Ada']);
        $this->app->make(Pusher::class)->push();
        self::assertSame(hash('sha256', FilePair::png('signature')), bin2hex($this->hub->files['authors 1 signature']->getFileValue()->getSha256()));
    }

    public function testTheExampleOfThePageIsUnderstood(): void
    {
        $page = (string) file_get_contents(dirname(__DIR__, 4) . '/docs/laravel.md');
        self::assertSame(1, preg_match('/## Files\n.*?<!-- tried -->\n```php\n(.*?)```/s', $page, $match));
        eval('namespace Cognate\Tests\Laravel\OfThePage; use Illuminate\Database\Eloquent\Model; ' . $match[1]);
        $this->database()->getSchemaBuilder()->table('authors', static fn (Blueprint $table) => $table->string('contract')->nullable());
        $this->app->make(Tables::class)->forget();
        $definition = (new Definitions(['Cognate\\Tests\\Laravel\\OfThePage\\Author']))->named('authors');
        $fields = array_map(static fn ($field): array => [$field->kind, $field->disk, $field->extensions, $field->maxBytes], $this->app->make(FileResolvers::class)->fields($definition));
        self::assertEquals([
            'avatar' => ['column', 'public', [], 0], 'contract' => ['column', 'private', ['pdf'], 5_000_000], 'pictures' => ['list', 'public', [], 0], 'photos' => ['media', 'public', [], 0],
        ], $fields);
    }

    public function testRecordsTravelWhileNoFileCan(): void
    {
        Author::create(['name' => 'Ada', 'avatar' => 'missing.png']);
        $this->hub->before = static function (string $method): void {
            if (in_array($method, ['Missing', 'Check', 'BatchWrite'], true)) {
                throw new Unavailable('file-transfer is away', StatusCode::UNAVAILABLE, 'FILES_UNAVAILABLE');
            }
        };
        $report = $this->app->make(Worker::class)->work(0.0, 0.01);
        self::assertSame(1, $report->sent);
        self::assertStringContainsString('no files travel: file-transfer is away', $report->error);
        self::assertSame('Ada', $this->hub->records['authors 1']['name']);
        self::assertArrayNotHasKey('avatar', $this->hub->records['authors 1'], 'what is not there is left out, so that the others keep what they have');
    }
}

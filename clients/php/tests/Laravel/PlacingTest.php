<?php

declare(strict_types=1);

namespace Cognate\Tests\Laravel;

require_once __DIR__ . '/Support/autoload.php';

use Cognate\Client\Exception\CognateException;
use Cognate\Client\Exception\ResourceExhausted;
use Cognate\Client\Exception\StatusCode;
use Cognate\Client\Exception\Unavailable;
use Cognate\Laravel\Events\FileFailed;
use Cognate\Laravel\Events\FilePlaced;
use Cognate\Laravel\Files\FilePaths;
use Cognate\Laravel\Files\FileTraffic;
use Cognate\Laravel\Files\KnownFiles;
use Cognate\Laravel\Puller;
use Cognate\Laravel\Pusher;
use Cognate\Tests\Laravel\Models\Author;
use Cognate\Tests\Laravel\Support\FileAppTestCase;
use Cognate\Tests\Laravel\Support\FilePair;
use Cognate\V1\PlacementState;
use Google\Protobuf\Internal\Message;

/** What comes from a hub that may say and send anything, and how it is put in place. */
final class PlacingTest extends FileAppTestCase
{
    public function testWhatIsNotWhatItsHashSaysIsNeverPutInPlace(): void
    {
        foreach (['small' => FilePair::png('x', 5000), 'large' => FilePair::png('y', 1_400_000)] as $size => $content) {
            $path = "avatars/$size-" . substr(hash('sha256', $content), 0, 24) . '.png';
            $this->hub->due($path, $content);
            $spoils = [
                'another byte' => static fn (string $all): string => substr($all, 0, -1) . '?',
                'too much' => static fn (string $all): string => $all . '?',
                'nothing' => static fn (string $all): string => '',
            ];
            foreach ($spoils as $how => $spoil) {
                $this->hub->spoil = $spoil;
                $this->move();
                self::assertSame('FILE_DAMAGED', $this->hub->placed[$path], "$size, $how");
                self::assertArrayHasKey($path, $this->hub->placements, 'it stays due');
                self::assertNotContains("public/$path", $this->files());
                self::assertSame([], preg_grep('/draft/', $this->files()), "$size, $how");
            }
            $failed = end($this->told);
            self::assertInstanceOf(FileFailed::class, $failed);
            self::assertTrue($failed->isLater);
            $this->hub->spoil = null;
            $this->move();
            self::assertSame("placed $path", $this->hub->placed[$path]);
            self::assertStringEqualsFile("$this->home/public/$path", $content);
            self::assertInstanceOf(FilePlaced::class, end($this->told));
        }
    }

    public function testAnAnswerThatIsCutGoesOnWhereItWasCut(): void
    {
        $content = FilePair::png('cut', 1_400_000);
        $path = 'avatars/cut-' . substr(hash('sha256', $content), 0, 24) . '.png';
        $this->hub->due($path, $content);
        $this->hub->spoil = static fn (string $all): string => substr($all, 0, 500_000);
        $this->move();
        self::assertArrayNotHasKey($path, $this->hub->placed);
        $drafts = preg_grep('/draft/', $this->files());
        self::assertCount(1, $drafts);
        self::assertSame(500_000, filesize($this->home . '/' . current($drafts)));
        self::assertSame('0600', substr(sprintf('%o', fileperms($this->home . '/' . current($drafts))), -4), 'nobody else sees what is not whole');
        $this->hub->spoil = null;
        $this->move();
        self::assertStringEqualsFile("$this->home/public/$path", $content);
        self::assertSame([], preg_grep('/draft/', $this->files()));
    }

    public function testADraftThatNobodyWaitsForIsClearedAway(): void
    {
        $content = FilePair::png('given up', 1_400_000);
        $this->hub->due('avatars/given-up.png', $content);
        $this->hub->spoil = static fn (string $all): string => substr($all, 0, 500_000);
        $this->move();
        self::assertCount(1, preg_grep('/draft/', $this->files()));
        $this->hub->placements = [];
        $this->move();
        self::assertSame([], $this->files());
    }

    /** @return array<string, array{string}> */
    public function hostilePaths(): array
    {
        return [
            'up' => ['../../../../etc/cron.d/x.png'], 'absolute' => ['/etc/x.png'], 'dots' => ['avatars/..'], 'hidden' => ['avatars/.htaccess.png'], 'a stream' => ['php://filter/x.png'],
            'backslashes' => ['..\\..\\x.png'], 'a NUL' => ["avatars/x.png\0.jpg"], 'long' => [str_repeat('a/', 2000) . str_repeat('b', 5000) . '.png'], 'nothing' => ['...'], 'bytes' => ["\xff\xfe.png"],
        ];
    }

    /** @dataProvider hostilePaths */
    public function testNoPathThatComesFromOutsideLeadsOut(string $path): void
    {
        $content = FilePair::png('hostile');
        $made = FilePaths::ofPlacement($path, hash('sha256', $content));
        self::assertTrue(FilePaths::isInside($made), $made);
        if (preg_match('//u', $path) === 1) {
            $this->hub->due($path, $content);
            $this->move();
            self::assertCount(1, $this->files());
            self::assertMatchesRegularExpression('~^(public|private|local)/[A-Za-z0-9._/-]+$~', $this->files()[0]);
        }
    }

    public function testNothingIsWrittenThroughALink(): void
    {
        mkdir("$this->home/public");
        mkdir("$this->home/outside");
        symlink("$this->home/outside", "$this->home/public/avatars");
        $this->hub->due('avatars/x.png', FilePair::png('x'));
        $this->move();
        self::assertSame(['FILE_OUTSIDE_PLACE'], array_values($this->hub->placed));
        self::assertSame([], glob("$this->home/outside/{,.}[!.]*", GLOB_BRACE));
        file_put_contents("$this->home/secret.png", 'secret');
        symlink("$this->home/secret.png", "$this->home/public/link.png");
        Author::create(['name' => 'Mallory', 'avatar' => 'link.png', 'pictures' => ['../secret.png']]);
        $this->app->make(Pusher::class)->push();
        self::assertSame([], $this->hub->files);
        self::assertNotContains('secret', $this->hub->contents);
    }

    public function testWhatIsNotAllowedIsRefusedForGood(): void
    {
        foreach (['avatars/x.php', 'avatars/x.php.png', 'avatars/x.HTML', 'scan/x.png'] as $path) {
            $this->hub->due($path, FilePair::png($path));
        }
        $this->hub->due('scan/large.pdf', '%PDF-1.4' . str_repeat(' ', 300_000));
        $this->hub->due('scan/fine.pdf', '%PDF-1.4');
        $this->move();
        $refused = array_filter($this->hub->placed, static fn (string $what): bool => !str_starts_with($what, 'placed'));
        self::assertSame([
            'avatars/x.php' => 'FILE_TYPE_REFUSED', 'avatars/x.HTML' => 'FILE_TYPE_REFUSED', 'scan/x.png' => 'FILE_TYPE_REFUSED', 'scan/large.pdf' => 'FILE_TOO_LARGE',
        ], $refused);
        self::assertSame([], $this->hub->placements);
        self::assertCount(2, $this->files());
        self::assertStringStartsWith('private/scan/fine-', $this->files()[0]);
        self::assertStringStartsWith('public/avatars/x-php-', $this->files()[1], 'its name is not what would be run');
    }

    public function testAPathThatLeadsOutIsNotWrittenIntoARecord(): void
    {
        foreach (['../../.env', '/etc/passwd', 'avatars/../../x.png', '["../x"]'] as $place => $path) {
            $result = $this->deliver('authors', 1 + $place, ['name' => 'Mallory', 'avatar' => $path, 'pictures' => $path]);
            self::assertSame('FILE_OUTSIDE_PLACE', $result->getError()?->getReason());
        }
        $this->deliver('authors', 9, ['name' => 'Ada', 'avatar' => 'https://shop.example/storage/ada.png', 'pictures' => 'one.png']);
        self::assertSame(['https://shop.example/storage/ada.png', ['one.png']], [Author::first()->avatar, Author::first()->pictures], 'a link is as good, and one file is a list, too');
    }

    public function testAFileForADirectoryOfNobodyIsCopiedToTheDiskOfItsField(): void
    {
        $content = '%PDF-1.4';
        $this->hub->due('elsewhere/contract.pdf', $content);
        $this->move();
        $path = substr($this->files()[0], strlen('local/'));
        self::assertStringStartsWith('local/elsewhere/contract-', $this->files()[0], 'it may be for a field whose files nobody should see');
        $this->hub->deliveries = [$this->delivery('authors', 1, ['name' => 'Ada', 'scan' => $path])];
        $this->app->make(Puller::class)->pull(0.0);
        self::assertSame($path, Author::first()->scan);
        self::assertStringEqualsFile("$this->home/private/$path", $content);
        self::assertFileDoesNotExist("$this->home/public/$path");
        unlink("$this->home/private/$path");
        unlink("$this->home/local/$path");
        $this->hub->deliveries = [$this->delivery('authors', 1, ['name' => 'Ada L', 'scan' => $path], 11)];
        $this->app->make(Puller::class)->pull(0.0);
        self::assertStringEqualsFile("$this->home/private/$path", $content, 'what was lost here is fetched again');
    }

    public function testWhatOthersWaitForAndIsAnotherOneByNowIsCapturedAnew(): void
    {
        mkdir("$this->home/public");
        file_put_contents("$this->home/public/a.png", FilePair::png('second'));
        Author::create(['name' => 'Ada', 'avatar' => 'a.png']);
        Author::create(['name' => 'Bob', 'pictures' => ['b.png', 'a.png']]);
        Author::create(['name' => 'Eve', 'avatar' => 'e.png']);
        $this->sent();
        $this->hub->due('a.png', FilePair::png('first'));
        $this->hub->placements['a.png']->setState(PlacementState::PLACEMENT_STATE_LACKING);
        $this->move();
        self::assertSame(['update authors 1', 'update authors 2'], $this->captured());
        $this->app->make(FileTraffic::class)->move(static fn (): bool => true);
        self::assertCount(2, $this->captured(), 'once');
        $this->app->make(Pusher::class)->push();
        self::assertSame(hash('sha256', FilePair::png('second')), bin2hex($this->hub->files['authors 1 avatar']->getFileValue()->getSha256()));
    }

    /** @return array<string, array{CognateException, bool}> */
    public function obstacles(): array
    {
        return [
            'full' => [new ResourceExhausted('no room', StatusCode::RESOURCE_EXHAUSTED, 'STORE_FULL'), false],
            'over the quota' => [new ResourceExhausted('too much', StatusCode::RESOURCE_EXHAUSTED, 'UPLOAD_QUOTA_EXCEEDED'), false],
            'too large' => [new ResourceExhausted('too large', StatusCode::RESOURCE_EXHAUSTED, 'UPLOAD_TOO_LARGE'), true],
            'read only' => [new Unavailable('read only', StatusCode::UNAVAILABLE, 'STORE_UNAVAILABLE'), false],
        ];
    }

    /** @dataProvider obstacles */
    public function testWhatCannotBeSentKeepsNothingFromBeingFetched(CognateException $obstacle, bool $isForGood): void
    {
        mkdir("$this->home/public");
        foreach (['small.png' => 5_000, 'large.png' => 1_400_000, 'larger.png' => 1_500_000] as $name => $size) {
            file_put_contents("$this->home/public/$name", FilePair::png($name, $size));
            Author::create(['name' => $name, 'avatar' => $name]);
        }
        $refused = ['BatchWrite' => [], 'Write' => []];
        $this->hub->before = static function (string $method, Message $request) use ($obstacle, &$refused): void {
            if (isset($refused[$method])) {
                $refused[$method][] = $method === 'Write' ? $request->getSizeBytes() : 0;
                throw $obstacle;
            }
        };
        $this->app->make(Pusher::class)->push();
        foreach (['small.png' => 5_000, 'large.png' => 1_400_000, 'larger.png' => 1_500_000] as $name => $size) {
            $this->hub->lacking($name, FilePair::png($name, $size));
        }
        $this->hub->due('avatars/comes.png', FilePair::png('comes'));
        $this->hub->due('avatars/comes-too.png', FilePair::png('comes too', 1_400_000));
        $refused = ['BatchWrite' => [], 'Write' => []];
        $this->move();
        self::assertCount(2, preg_grep('/^placed/', $this->hub->placed), json_encode($this->hub->placed));
        self::assertStringContainsString($obstacle->getMessage(), $this->app->make(FileTraffic::class)->error);
        if ($obstacle instanceof ResourceExhausted) {
            self::assertCount(1, $refused['BatchWrite']);
            self::assertSame([1_400_000, 1_500_000], $refused['Write'], 'each has its own try');
        }
        $answers = array_diff_key($this->hub->placed, ['avatars/comes.png' => 0, 'avatars/comes-too.png' => 0]);
        self::assertSame($isForGood ? ['small.png' => 'UPLOAD_TOO_LARGE', 'large.png' => 'UPLOAD_TOO_LARGE', 'larger.png' => 'UPLOAD_TOO_LARGE'] : [], $answers);
    }

    public function testWhatOthersWaitForAndIsNowhereAnyMoreIsTold(): void
    {
        // Of a collection of media, say: no column has its path.
        $this->hub->lacking('gone.png', FilePair::png('gone'));
        $this->move();
        self::assertSame([], $this->hub->placed, 'its disk may be away for a moment');
        $this->move();
        self::assertSame(['gone.png' => 'FILE_NOT_THERE'], $this->hub->placed);
        $this->move();
        self::assertSame(0, $this->database()->table(KnownFiles::TABLE)->count());
    }

    public function testWhatIsCapturedAnewAndAskedForAllTheSameIsTold(): void
    {
        mkdir("$this->home/public");
        file_put_contents("$this->home/public/a.png", FilePair::png('second'));
        Author::create(['name' => 'Ada', 'avatar' => 'a.png']);
        $this->sent();
        $this->hub->lacking('a.png', FilePair::png('first'));
        for ($look = 1; $look <= 4; $look++) {
            self::assertSame([], $this->hub->placed, "look $look");
            $this->move();
        }
        self::assertSame(['a.png' => 'FILE_NOT_THERE'], $this->hub->placed);
    }
}

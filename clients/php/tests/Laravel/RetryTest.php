<?php

declare(strict_types=1);

namespace Cognate\Tests\Laravel;

require_once __DIR__ . '/Support/autoload.php';

use Cognate\Laravel\Outbox;
use Cognate\Laravel\Retry;
use Cognate\Laravel\Sync;
use Cognate\Tests\Laravel\Models\Article;
use Cognate\Tests\Laravel\Models\Tag;
use Cognate\Tests\Laravel\Models\User;
use Cognate\Tests\Laravel\Support\AppTestCase;
use Cognate\Tests\Laravel\Support\Blog;

/** What the hub has refused is captured again as it is by then, and not where others may not have it any more. */
final class RetryTest extends AppTestCase
{
    protected function setUp(): void
    {
        $this->app = $this->makeApp(['models' => [Article::class, Tag::class, User::class]]);
        Blog::create($this->database());
        $this->app->makeTables();
    }

    public function testARecordThatIsThereIsCapturedAgain(): void
    {
        User::create(['name' => 'Ada', 'email' => 'ada@example.org']);
        $this->refused();
        User::withoutSyncing(static fn () => User::first()->update(['name' => 'Ada L']));
        self::assertSame([1, 0], $this->app->make(Retry::class)->all());
        self::assertSame(['update users 1'], $this->captured());
        self::assertSame('Ada L', $this->newest()['name']);
    }

    public function testADraftThatNeverLeftStaysHere(): void
    {
        $article = Article::create(['title' => 'News', 'published_at' => '2026-01-01 00:00:00']);
        $this->refused();
        Article::withoutSyncing(static fn () => $article->update(['published_at' => null, 'body' => 'not for everybody']));
        self::assertSame([0, 1], $this->app->make(Retry::class)->all());
        self::assertSame([], $this->captured());
    }

    public function testWhatIsUnpublishedOrDeletedByNowIsTakenAwayFromThoseWhoHaveIt(): void
    {
        $articles = [];
        foreach (['unpublished', 'trashed', 'gone'] as $title) {
            $articles[$title] = Article::create(['title' => $title, 'published_at' => '2026-01-01 00:00:00']);
        }
        $this->sent();
        foreach ($articles as $article) {
            $article->update(['body' => 'refused']);
        }
        $this->refused();
        Article::withoutSyncing(static function () use ($articles): void {
            $articles['unpublished']->update(['published_at' => null]);
            $articles['trashed']->delete();
            $articles['gone']->forceDelete();
        });
        self::assertSame([3, 0], $this->app->make(Retry::class)->all());
        self::assertSame(['delete posts 1', 'delete posts 2', 'delete posts 3'], $this->captured());
        self::assertSame([0, 0], $this->app->make(Retry::class)->all());
    }

    public function testTheComparisonDecidesAsTheCaptureDoes(): void
    {
        $kept = new class () extends Article {
            public function shouldUnsync(): bool
            {
                return false;
            }

            public function getMorphClass(): string
            {
                return 'article';
            }
        };
        $this->app = $this->makeApp(['models' => [$kept::class, Tag::class]]);
        Blog::create($this->database());
        $this->app->makeTables();
        $article = $kept->newQuery()->create(['title' => 'News', 'published_at' => '2026-01-01 00:00:00']);
        $this->sent();
        $article->update(['published_at' => null]);
        self::assertSame([], $this->captured(), 'it stays with those who have it');
        self::assertSame(0, Sync::reconcile('posts'));
        self::assertSame([], $this->captured());
    }

    /** As if the hub had refused everything. */
    private function refused(): void
    {
        $this->database()->table(Outbox::TABLE)->update(['refused' => true]);
    }
}

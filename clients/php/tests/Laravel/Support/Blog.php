<?php

declare(strict_types=1);

namespace Cognate\Tests\Laravel\Support;

use Cognate\Tests\Laravel\Models\Device;
use Cognate\Tests\Laravel\Models\Post;
use Cognate\Tests\Laravel\Models\Session;
use Cognate\Tests\Laravel\Models\Tag;
use Cognate\Tests\Laravel\Models\User;
use Illuminate\Database\Connection;
use Illuminate\Database\Schema\Blueprint;

/** Users, posts, tags, sessions and devices, which refer to one another. */
final class Blog
{
    public const MODELS = [User::class, Post::class, Tag::class, Session::class, Device::class];

    /** @param int $firstId where this application's ids begin */
    public static function create(Connection $connection, int $firstId = 1): void
    {
        $schema = $connection->getSchemaBuilder();
        $schema->create('users', function (Blueprint $table): void {
            $table->id();
            $table->string('name', 100);
            $table->string('email', 150)->unique();
            $table->string('password')->default('');
            $table->boolean('active')->default(true);
            $table->text('settings')->nullable();
            $table->timestamps();
        });
        $schema->create('posts', function (Blueprint $table): void {
            $table->id();
            $table->foreignId('user_id')->nullable()->constrained();
            $table->string('title', 200);
            $table->text('body')->nullable();
            $table->decimal('price', 10, 2)->nullable();
            $table->timestamp('published_at')->nullable();
            $table->timestamps();
            $table->softDeletes();
        });
        $schema->create('tags', function (Blueprint $table): void {
            $table->id();
            $table->string('name', 50)->unique();
        });
        $schema->create('post_tag', function (Blueprint $table): void {
            $table->foreignId('post_id')->constrained()->cascadeOnDelete();
            $table->foreignId('tag_id')->constrained()->cascadeOnDelete();
            $table->integer('position')->nullable();
            $table->primary(['post_id', 'tag_id']);
        });
        $schema->create('sessions', function (Blueprint $table): void {
            $table->string('id', 60)->primary();
            $table->unsignedBigInteger('user_id')->nullable();
            $table->string('agent', 100);
        });
        $schema->create('devices', function (Blueprint $table): void {
            $table->id();
            $table->string('owner_type', 50);
            $table->unsignedBigInteger('owner_id');
            $table->string('name', 100);
        });
        foreach (['users', 'posts', 'tags', 'devices'] as $table) {
            if ($firstId > 1 && $connection->getDriverName() === 'pgsql') {
                $connection->statement("ALTER SEQUENCE {$table}_id_seq RESTART WITH $firstId");
            } elseif ($firstId > 1 && $connection->getDriverName() === 'mysql') {
                $connection->statement("ALTER TABLE $table AUTO_INCREMENT = $firstId");
            } elseif ($firstId > 1) {
                $connection->table('sqlite_sequence')->insert(['name' => $table, 'seq' => $firstId - 1]);
            }
        }
    }

    /** @return array<string, list<array<string, mixed>>> what both sides have in common, told without ids */
    public static function content(Connection $connection): array
    {
        $time = static fn (?string $text): ?string => $text === null ? null : substr($text, 0, 19);
        $users = $connection->table('users')->get()->keyBy('id');
        $posts = $connection->table('posts')->whereNull('deleted_at')->get()->keyBy('id');
        $tags = $connection->table('tags')->get()->keyBy('id');
        $email = static fn ($id): ?string => $id === null ? null : ($users[$id]->email ?? "user $id is not there");
        $title = static fn ($id): string => $posts[$id]->title ?? "post $id is not there";
        $content = [
            'users' => $users->map(static fn ($row): array => [$row->email, $row->name, (bool) $row->active, $row->settings === null ? null : json_decode($row->settings, true)])->values()->all(),
            'posts' => $posts->map(static fn ($row): array => [$row->title, $row->body, $email($row->user_id), $row->price === null ? null : number_format((float) $row->price, 2, '.', ''), $time($row->published_at)])->values()->all(),
            'tags' => $tags->map(static fn ($row): array => [$row->name])->values()->all(),
            'post_tag' => $connection->table('post_tag')->get()->filter(static fn ($row): bool => isset($posts[$row->post_id]))
                ->map(static fn ($row): array => [$title($row->post_id), $tags[$row->tag_id]->name ?? "tag $row->tag_id", $row->position === null ? null : (int) $row->position])->values()->all(),
            'sessions' => $connection->table('sessions')->get()->map(static fn ($row): array => [$row->id, $email($row->user_id), $row->agent])->values()->all(),
            'devices' => $connection->table('devices')->get()
                ->map(static fn ($row): array => [$row->name, $row->owner_type, $row->owner_type === 'user' ? $email($row->owner_id) : $title($row->owner_id)])->values()->all(),
        ];
        foreach ($content as &$rows) {
            usort($rows, static fn (array $a, array $b): int => json_encode($a) <=> json_encode($b));
        }
        return $content;
    }
}

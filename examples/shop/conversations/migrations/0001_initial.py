import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('order', '0021_billingaddress_code_shippingaddress_code'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Webhook',
            fields=[
                ('key', models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ('url', models.CharField(max_length=255)),
                ('tallyroom_id', models.CharField(blank=True, max_length=26)),
                ('secret', models.CharField(blank=True, max_length=128)),
            ],
        ),
        migrations.CreateModel(
            name='Conversation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('content', models.JSONField()),
                ('transaction', models.CharField(blank=True, max_length=26)),
                ('changes', models.PositiveIntegerField(default=1)),
                ('told', models.PositiveIntegerField(default=0)),
                ('told_status', models.CharField(blank=True, max_length=100)),
                ('order', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='conversation', to='order.order')),
            ],
        ),
        migrations.CreateModel(
            name='Entry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('event', models.CharField(max_length=255, unique=True)),
                ('edits', models.CharField(blank=True, max_length=255)),
                ('seq', models.PositiveBigIntegerField()),
                ('said_at', models.DateTimeField()),
                ('party', models.CharField(max_length=16)),
                ('name', models.CharField(max_length=255)),
                ('text', models.TextField(blank=True)),
                ('is_removed', models.BooleanField(default=False)),
                ('conversation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='entries', to='conversations.conversation')),
            ],
        ),
        migrations.CreateModel(
            name='MatrixAccount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('matrix', models.CharField(max_length=255)),
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='matrix_account', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Taken',
            fields=[
                ('id', models.CharField(max_length=32, primary_key=True, serialize=False)),
                ('left_out', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, to='conversations.conversation')),
            ],
        ),
    ]
